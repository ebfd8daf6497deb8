// Addresses that one can read, and that never stand for two things.
import { describe, expect, it } from "@jest/globals";
import { App, LocalBackend } from "cdktf";
import { Construct } from "constructs";
import { IamUser } from "@cdktf/provider-aws/lib/iam-user/index.js";
import { Vpc } from "@cdktf/provider-aws/lib/vpc/index.js";
import { MAIN_RESOURCE, NamedStack } from "../../stacks/named-stack.ts";

function emptyStack(): NamedStack {
  const stack = new NamedStack(new App({ outdir: ".", skipValidation: true }), "stack");
  new LocalBackend(stack, { path: "state" });
  return stack;
}

describe("NamedStack", () => {
  it("makes addresses of the construct's path, without a hash", () => {
    const network = new Construct(emptyStack(), "network");
    expect(new Vpc(network, "vpc").terraformResourceType + "." + new Vpc(network, "other-vpc").friendlyUniqueId).toBe(
      "aws_vpc.network_other_vpc",
    );
  });

  it("leaves the id of a construct's main resource out", () => {
    const role = new Construct(emptyStack(), "role");
    expect(new IamUser(role, MAIN_RESOURCE, { name: "x" }).friendlyUniqueId).toBe("role");
  });

  it("fails when two paths would have one address, even for different types", () => {
    const stack = emptyStack();
    expect(new Vpc(new Construct(stack, "a_b"), "c").friendlyUniqueId).toBe("a_b_c");
    const other = new IamUser(new Construct(stack, "a"), "b_c", { name: "x" });
    expect(() => other.friendlyUniqueId).toThrow('"stack/a/b_c" and "stack/a_b/c" would both have the address "a_b_c"');
  });
});
