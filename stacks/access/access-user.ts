// An IAM user, for accounts that have neither roles for people nor IAM Identity Center.
import { Construct } from "constructs";
import { IamUser } from "@cdktf/provider-aws/lib/iam-user/index.js";
import { exceptFromChecks } from "../checkov-exception.ts";
import { MAIN_RESOURCE } from "../named-stack.ts";

export interface AccessUserProps {
  /** The user's name in IAM. */
  readonly name: string;
}

/** Without access keys and password: Terraform's state would hold them, so an administrator makes them. */
export class AccessUser extends Construct {
  readonly userName: string;

  constructor(scope: Construct, id: string, { name }: AccessUserProps) {
    super(scope, id);
    // The keys that somebody has made since go with the user.
    const user = new IamUser(this, MAIN_RESOURCE, { name, forceDestroy: true });
    exceptFromChecks(user, [
      {
        id: "CKV_AWS_273",
        reason: "named in the settings by who has no single sign-on; roles and permission sets get the same policies",
      },
    ]);
    this.userName = user.name;
  }
}
