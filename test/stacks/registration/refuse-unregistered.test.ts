import { describe, expect, it } from "@jest/globals";
import { TerraformResource } from "cdktf";
import { bastionApp } from "../../../stacks/apps.ts";
import { refuseUnregistered } from "../../../stacks/registration/refuse-unregistered.ts";
import { SettingsError } from "../../../stacks/settings/settings-error.ts";
import type { AppPlan } from "../../../stacks/run-app.ts";
import { synthesize } from "../synthesized.ts";
import { changed } from "./mutations.ts";

/** The app with one argument of its stack overwritten, as somebody might who did not know better. */
function overwritten(address: string, argument: string, value: unknown): AppPlan {
  const [type = "", name = ""] = address.split(".");
  return {
    ...bastionApp,
    define(app, contents) {
      bastionApp.define(app, contents);
      for (const construct of app.node.findAll()) {
        if (!(construct instanceof TerraformResource) || construct.terraformResourceType !== type) continue;
        if (construct.friendlyUniqueId === name) construct.addOverride(argument, value);
      }
    },
  };
}

describe("runApp(), on a stack that would say TargetNotConnected", () => {
  const broken = synthesize({}, { app: overwritten("aws_vpc_endpoint.endpoint_ssm", "private_dns_enabled", false) });

  it("names instance, link, what is in the way and the cure, and fails with exit status 70", () => {
    expect(broken.exitCode).toBe(70);
    expect(broken.complaint).toBe(
      [
        'stacks: error: stack "bastion": aws_instance.bastion_host_1 would say TargetNotConnected: way-out: no way to ssm: aws_vpc_endpoint.endpoint_ssm has no private DNS name, and aws_subnet.network_subnet_1 has no route to the internet',
        "stacks: hint: add an aws_vpc_endpoint for ssm with private DNS names, or a route to a NAT gateway",
        "",
      ].join("\n"),
    );
  });

  it("leaves nothing behind that terraform would apply", () => {
    expect(broken.isThere).toBe(false);
  });
});

describe("runApp(), on a stack of which not all can be proven", () => {
  const endpoint_ids = { ssm: "vpce-0123456789abcdef0" };
  const existing_network = { vpc_id: "vpc-0123456789abcdef0", subnet_ids: ["subnet-0123456789abcdef0"], endpoint_ids };
  const { exitCode, complaint, told } = synthesize({ network: "existing", existing_network });

  it("tells of it on stdout, since cdktf calls stderr an error", () => {
    expect({ exitCode, complaint }).toEqual({ exitCode: 0, complaint: "" });
    expect(told).toContain('stacks: note: stack "bastion": not provable here, because it lies outside the stack: ');
    expect(told).toContain("stacks: note: once it is deployed, ./scripts/doctor.ts looks at it\n");
  });
});

describe("refuseUnregistered()", () => {
  const { json } = synthesize({ bastion_count: 2 });

  it("has nothing to say of a stack that will register", () => {
    expect(refuseUnregistered("bastion", json)).toEqual([]);
  });

  it("has nothing to say of a stack without an instance", () => {
    expect(refuseUnregistered("audit", { resource: { aws_sns_topic: { audit: {} } } })).toEqual([]);
  });

  it("tells of each instance", () => {
    const path = ["resource", "aws_vpc", "network_vpc", "enable_dns_support"];
    let error: unknown;
    try {
      refuseUnregistered(
        "bastion",
        changed(json, path, () => false),
      );
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(SettingsError);
    expect((error as SettingsError).problems.map(({ message }) => message)).toEqual(
      [1, 2].map(
        (number) =>
          `aws_instance.bastion_host_${number} would say TargetNotConnected: dns: aws_vpc.network_vpc resolves no names: enable_dns_support is off`,
      ),
    );
  });

  it("notes what lies outside the stack, and who looks at it", () => {
    const path = ["resource", "aws_instance", "bastion_host_1", "iam_instance_profile"];
    const lines = refuseUnregistered(
      "bastion",
      changed(json, path, () => "company-bastion"),
    );
    expect(lines).toEqual([
      'stacks: note: stack "bastion": not provable here, because it lies outside the stack: the instance profile and its role; what the conditions in the policy of aws_vpc_endpoint.endpoint_ssm let pass; what the conditions in the policy of aws_vpc_endpoint.endpoint_ssmmessages let pass',
      "stacks: note: once it is deployed, ./scripts/doctor.ts looks at it",
    ]);
  });
});
