// Lets people heal the bastion: start and reboot it, and agree with others on who does.
import type { Construct } from "constructs";
import { AccessPolicy, find, type AccessPolicyProps } from "./access-policy.ts";
import { on } from "./instance-scope.ts";

/** Commands that heal write a lease into a tag that begins so. */
const LEASE_TAGS = "isolated-bastion:healing:*";

export class RebootPolicy extends AccessPolicy {
  constructor(scope: Construct, id: string, { name, instances }: AccessPolicyProps) {
    super(scope, id, {
      name,
      description: "Starts and reboots the bastion",
      statements: [
        find("ssm:DescribeSessions"),
        {
          Sid: "Heal",
          Effect: "Allow",
          Action: ["ec2:RebootInstances", "ec2:StartInstances", "ssm:GetConnectionStatus"],
          ...on(instances),
        },
        {
          Sid: "AgreeOnReboots",
          Effect: "Allow",
          Action: ["ec2:CreateTags", "ec2:DeleteTags"],
          ...on(instances, {
            "ForAllValues:StringLike": { "aws:TagKeys": LEASE_TAGS },
            // ForAllValues is true of a request without tags, and such a DeleteTags takes all of them away.
            Null: { "aws:TagKeys": "false" },
          }),
        },
      ],
    });
  }
}
