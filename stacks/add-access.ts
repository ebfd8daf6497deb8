// From the settings to what people may do with the bastion.
import type { Construct } from "constructs";
import { BastionAccess } from "./access/bastion-access.ts";
import { ACCESS_TAG_KEY, instancesById, instancesByTag } from "./access/instance-scope.ts";
import type { AwsAccount } from "./aws-account.ts";
import { OS_USERS } from "./bastion/image.ts";
import type { Settings } from "./settings.ts";

export interface AddAccessProps {
  /** What the person wrote, completed. */
  readonly settings: Settings;
  /** Where the bastion runs. */
  readonly account: AwsAccount;
  /** Begins the names of everything, and is the value of the tag by which access is given. */
  readonly prefix: string;
  /** The bastions. */
  readonly instanceIds: readonly string[];
  /**
   * The key that the session preferences name.
   *
   * @default - none is known here
   */
  readonly sessionKeyArn?: string | undefined;
}

/** Adds policies, groups, users and documents, where the settings switch them on. Returns the policies' ARNs, by kind. */
export function addAccess(scope: Construct, props: AddAccessProps): ReadonlyMap<string, string> {
  const { settings, account, prefix, instanceIds, sessionKeyArn } = props;
  const { access, image, targets, tunnel_user: tunnelUser } = settings;
  if (access === undefined) return new Map();
  const { policyArns } = new BastionAccess(scope, "access", {
    account,
    name: prefix,
    instances: access.by === "tag" ? instancesByTag(account, prefix) : instancesById(account, instanceIds),
    kinds: access.policies,
    osUser: OS_USERS[image],
    tunnelUser,
    targets,
    sessionKeyArn,
    groups: access.groups,
    users: access.users,
  });
  return policyArns;
}

/** The tag that the policies ask for, where they go by tag. */
export function accessTags({ access }: Settings, prefix: string): Readonly<Record<string, string>> {
  return access?.by === "tag" ? { [ACCESS_TAG_KEY]: prefix } : {};
}
