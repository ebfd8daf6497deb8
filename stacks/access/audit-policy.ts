// Lets people see who was on the bastion, and nothing more.
import type { Construct } from "constructs";
import { AccessPolicy, find, type AccessPolicyProps } from "./access-policy.ts";

export class AuditPolicy extends AccessPolicy {
  constructor(scope: Construct, id: string, { name }: Omit<AccessPolicyProps, "instances">) {
    super(scope, id, {
      name,
      description: "Sees who opened sessions and sent keys",
      // Nothing here knows a resource, so it shows the sessions of the whole Region.
      statements: [find("ssm:DescribeSessions", "cloudtrail:LookupEvents")],
    });
  }
}
