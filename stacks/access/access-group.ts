// An IAM group that has some of the policies, and its members.
import { Construct } from "constructs";
import { IamGroup } from "@cdktf/provider-aws/lib/iam-group/index.js";
import { IamGroupMembership } from "@cdktf/provider-aws/lib/iam-group-membership/index.js";
import { IamGroupPolicyAttachment } from "@cdktf/provider-aws/lib/iam-group-policy-attachment/index.js";

export interface AccessGroupProps {
  /** The group's name in IAM. */
  readonly name: string;
  /** ARNs of its policies, by what they are called here. */
  readonly policies: ReadonlyMap<string, string>;
  /** Names of IAM users; all of the group's members, and at least one. */
  readonly users: readonly string[];
}

export class AccessGroup extends Construct {
  constructor(scope: Construct, id: string, { name, policies, users }: AccessGroupProps) {
    super(scope, id);
    const group = new IamGroup(this, "iam_group", { name });
    const policy = new Construct(this, "policy");
    for (const [called, policyArn] of policies)
      new IamGroupPolicyAttachment(policy, called, { group: group.name, policyArn });
    new IamGroupMembership(this, "members", { name, group: group.name, users: [...users] });
  }
}
