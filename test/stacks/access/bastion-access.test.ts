// The policies, groups, users and documents that `access` makes; what they forbid is shown in test/journeys/access.test.ts.
import { describe, expect, it } from "@jest/globals";
import { decideByPolicies, type Decision } from "../../../sandbox/permissions/decide.ts";
import { LEASE_TAG_PREFIX } from "../../../scripts/bastion/healing-lease.ts";
import { settingsSchema } from "../../../stacks/settings/schema.ts";
import { addresses, dataSource, resource, resources, synthesize, type Arguments } from "../synthesized.ts";

const targets = [
  { name: "orders", host: "orders.internal", port: 5432, cidr: "10.20.0.0/24" },
  { name: "cache", host: "10.20.1.7", port: 6379, cidr: "10.20.1.0/24" },
];
const policies = ["shell", "shell-and-ssh", "ssh", "tunnel", "targets", "reboot", "audit"];
const everything = synthesize({
  targets,
  tunnel_user: "tunnel",
  access: {
    policies,
    groups: [
      { name: "developers", policies: ["shell-and-ssh", "reboot"], users: ["ada", "grace"] },
      { name: "analysts", targets: ["orders"], users: ["edgar"] },
    ],
    users: ["ada", "edgar"],
  },
});
const documents = Object.keys(everything.json.data?.["aws_iam_policy_document"] ?? {}).filter((name) =>
  name.startsWith("access_"),
);

interface Statement {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly condition?: readonly { readonly test: string; readonly variable: string; readonly values: string[] }[];
}

function statements(name: string, synthesized = everything): Statement[] {
  return dataSource(synthesized, `aws_iam_policy_document.${name}`)["statement"] as Statement[];
}

describe("access", () => {
  it("is off unless the settings switch it on", () => {
    const without = synthesize({ targets });
    expect(addresses(without).filter((address) => address.includes("access"))).toEqual([]);
    expect(resource(without, "aws_instance.bastion_host_1")["tags"]).toEqual({ Name: "sandbox-dev-bastion-host" });
    expect(without.json.output).not.toHaveProperty("access_policy_arns");
  });

  it("makes a policy for each kind, and for each target one with a document", () => {
    expect(Object.keys(resources(everything, "aws_iam_policy")).sort()).toEqual([
      "access_policy_audit",
      "access_policy_reboot",
      "access_policy_shell",
      "access_policy_shell_and_ssh",
      "access_policy_ssh",
      "access_policy_tunnel",
      "access_target_cache_policy",
      "access_target_orders_policy",
    ]);
    expect(Object.keys(everything.json.output?.["access_policy_arns"]?.value as object)).toEqual([
      "audit",
      "reboot",
      "shell",
      "shell-and-ssh",
      "ssh",
      "target-cache",
      "target-orders",
      "tunnel",
    ]);
  });

  it("makes all but those of targets when it is only switched on", () => {
    const { access } = settingsSchema.parse({ tag_application: "sandbox", access: {} });
    expect(access?.policies).toEqual(policies.filter((kind) => kind !== "targets"));
    expect(access?.by).toBe("tag");
  });

  it.each(documents)("%s names each instance by tag or not at all, and admits none without the tag", (name) => {
    for (const { actions, resources: named, condition = [] } of statements(name)) {
      const tests = condition.filter(({ variable }) => variable.startsWith("aws:ResourceTag/"));
      const onInstances = named.some((each) => each.includes(":instance/"));
      expect({ actions, tests }).toEqual({
        actions,
        tests: onInstances
          ? [{ test: "StringEquals", variable: "aws:ResourceTag/BastionAccess", values: ["sandbox-dev"] }]
          : [],
      });
    }
  });

  it("gives the bastion the tag that the policies are about", () => {
    expect(resource(everything, "aws_instance.bastion_host_1")["tags"]).toMatchObject({ BastionAccess: "sandbox-dev" });
  });

  it("names the bastions by their ARN instead, without a tag and a condition on it", () => {
    const byInstance = synthesize({ access: { by: "instance" }, bastion_count: 2 });
    const reach = statements("access_policy_shell_document", byInstance)[1];
    expect(reach?.condition).toBeUndefined();
    expect(reach?.resources.map((each) => each.replace(/.*:instance/, "instance"))).toEqual([
      "instance/${aws_instance.bastion_host_1.id}",
      "instance/${aws_instance.bastion_host_2.id}",
    ]);
    expect(resource(byInstance, "aws_instance.bastion_host_1")["tags"]).toEqual({ Name: "sandbox-dev-bastion-host" });
  });

  it.each(documents)("%s uses no action with a wildcard, and * only where AWS knows nothing narrower", (name) => {
    const all = statements(name).filter(({ resources: named }) => named.includes("*"));
    expect(statements(name).flatMap(({ actions }) => actions.filter((action) => action.includes("*")))).toEqual([]);
    expect(all.flatMap(({ actions }) => actions.filter((action) => !/:(Describe|Lookup)/.test(action)))).toEqual([]);
  });

  it("lets who opens shells use the session preferences' key for sessions with instances, and for nothing else", async () => {
    const encrypted = synthesize({ session_preferences: {}, access: { policies }, targets });
    const encrypting = (kind: string): Statement[] =>
      statements(`access_policy_${kind}_document`, encrypted).filter(({ actions }) =>
        actions.includes("kms:GenerateDataKey"),
      );
    expect(["shell", "shell_and_ssh", "ssh", "tunnel"].map((kind) => encrypting(kind).length)).toEqual([1, 1, 0, 0]);
    const [{ condition = [] } = { condition: [] }] = encrypting("shell");
    const [{ test, variable, values } = { test: "", variable: "", values: [] }] = condition;
    const mayUse = async (Condition: object, encryptionContext: Record<string, string>): Promise<boolean> =>
      (await decideOnKey(Condition, encryptionContext)).allowed;
    const whole = { [test]: { [variable]: values } };
    expect(await mayUse(whole, { "aws:ssm:TargetId": "i-0123456789abcdef0" })).toBe(true);
    expect(await mayUse(whole, { "aws:ssm:TargetId": "mi-0123456789abcdef0" })).toBe(false);
    expect(await mayUse({}, { "aws:ssm:TargetId": "mi-0123456789abcdef0" })).toBe(true);
  });

  it("lets leases be written in the tags that commands write them in", () => {
    const values = statements("access_policy_reboot_document")
      .flatMap(({ condition = [] }) => condition)
      .filter(({ test }) => test === "ForAllValues:StringLike")
      .flatMap((each) => each.values);
    expect(values).toEqual([`${LEASE_TAG_PREFIX}*`]);
  });

  it("denies whoever tunnels all keys, or those for others than the tunnel user", () => {
    const denied = (settings: object): Arguments[] =>
      (statements("access_policy_tunnel_document", synthesize(settings)) as unknown as Arguments[])
        .filter(({ effect }) => effect === "Deny")
        .map(({ actions, condition }) => ({ actions, condition }));
    const tag = { test: "StringEquals", variable: "aws:ResourceTag/BastionAccess", values: ["sandbox-dev"] };
    const actions = ["ec2-instance-connect:SendSSHPublicKey"];
    expect(denied({ targets, access: {} })).toEqual([{ actions, condition: [tag] }]);
    expect(denied({ targets, tunnel_user: "tunnel", access: {} })).toEqual([
      { actions, condition: [tag, { test: "StringNotEquals", variable: "ec2:osuser", values: ["tunnel"] }] },
    ]);
  });

  it("makes a document for each target, in which nothing but the caller's own port can be chosen", () => {
    const {
      name,
      document_type: type,
      content,
    } = resource(everything, "aws_ssm_document.access_target_orders_session_document");
    expect({ name, type }).toEqual({ name: "bastion-sandbox-dev-to-orders", type: "Session" });
    const document = JSON.parse(String(content)) as { parameters: object; properties: object };
    expect(Object.keys(document.parameters)).toEqual(["localPortNumber"]);
    expect(document).toMatchObject({
      schemaVersion: "1.0",
      sessionType: "Port",
      properties: { host: "orders.internal", portNumber: "5432", type: "LocalPortForwarding" },
    });
  });

  it("makes groups with their policies and members, and the users that are its own", () => {
    expect(resource(everything, "aws_iam_group_membership.access_group_developers_members")["users"]).toEqual([
      "${aws_iam_user.access_user_ada.name}",
      "grace",
    ]);
    expect(
      Object.entries(resources(everything, "aws_iam_group_policy_attachment")).map(([name, { policy_arn: arn }]) => [
        name,
        arn,
      ]),
    ).toEqual([
      ["access_group_analysts_policy_target_orders", "${aws_iam_policy.access_target_orders_policy.arn}"],
      ["access_group_developers_policy_reboot", "${aws_iam_policy.access_policy_reboot.arn}"],
      ["access_group_developers_policy_shell_and_ssh", "${aws_iam_policy.access_policy_shell_and_ssh.arn}"],
    ]);
    expect(Object.keys(resources(everything, "aws_iam_user"))).toEqual(["access_user_ada", "access_user_edgar"]);
  });
});

const KEY_ARN = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000";

/** The sandbox's decision on a data key, by one statement with this condition. */
function decideOnKey(Condition: object, encryptionContext: Record<string, string>): Promise<Decision> {
  const arn = "arn:aws:iam::123456789012:user/ada";
  const version = { Version: "2012-10-17" };
  const allow = { Effect: "Allow", Action: "kms:GenerateDataKey", Resource: KEY_ARN, Condition };
  const ofKey = {
    Effect: "Allow",
    Principal: { AWS: "arn:aws:iam::123456789012:root" },
    Action: "kms:*",
    Resource: "*",
  };
  return decideByPolicies({
    principal: {
      arn,
      uniqueId: "AIDAADA",
      policies: [{ name: "tested", document: { ...version, Statement: [allow] } }],
      boundary: undefined,
      tags: {},
    },
    caller: { type: "User", name: "ada", arn, userId: "AIDAADA" },
    call: {
      action: "kms:GenerateDataKey",
      key: { keyArn: KEY_ARN, policy: { ...version, Statement: [ofKey] } },
      encryptionContext,
    },
    region: "eu-central-1",
    nowMs: Date.UTC(2026, 6, 1),
  });
}
