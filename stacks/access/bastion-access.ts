// Who may do what with the bastion: a managed policy for each kind of access, groups that have them, and their users.
import { Construct } from "constructs";
import type { AwsAccount } from "../aws-account.ts";
import { AccessGroup } from "./access-group.ts";
import { AccessUser } from "./access-user.ts";
import { AuditPolicy } from "./audit-policy.ts";
import type { InstanceScope } from "./instance-scope.ts";
import { RebootPolicy } from "./reboot-policy.ts";
import { ShellPolicy } from "./shell-policy.ts";
import { SshPolicy } from "./ssh-policy.ts";
import { TargetAccess } from "./target-access.ts";
import { TunnelPolicy } from "./tunnel-policy.ts";

/** What a person may be let do; `targets` is a policy for each target instead of one for all. */
export const ACCESS_KINDS = ["shell", "shell-and-ssh", "ssh", "tunnel", "targets", "reboot", "audit"] as const;
export type AccessKind = (typeof ACCESS_KINDS)[number];

/** A target that may be reached alone. */
export interface AccessTarget {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** People who are let do the same. */
export interface AccessGroupMembers {
  readonly name: string;
  readonly policies: readonly Exclude<AccessKind, "targets">[];
  /** Names of targets. */
  readonly targets: readonly string[];
  /** Names of IAM users. */
  readonly users: readonly string[];
}

export interface BastionAccessProps {
  /** Where the bastion runs. */
  readonly account: AwsAccount;
  /** Begins the names of policies, groups and documents. */
  readonly name: string;
  /** The bastions that all this is about. */
  readonly instances: InstanceScope;
  /** The policies to make. */
  readonly kinds: readonly AccessKind[];
  /** Who logs in by ssh. */
  readonly osUser: string;
  /**
   * OS user that can do nothing but forward to the targets.
   *
   * @default - none: whoever tunnels by ssh is `osUser`
   */
  readonly tunnelUser?: string | undefined;
  /**
   * What may be reached alone.
   *
   * @default - nothing
   */
  readonly targets?: readonly AccessTarget[];
  /**
   * The key of the account's session preferences.
   *
   * @default - they name none
   */
  readonly sessionKeyArn?: string | undefined;
  /**
   * IAM groups to make.
   *
   * @default - none: roles and permission sets get the policies
   */
  readonly groups?: readonly AccessGroupMembers[];
  /**
   * IAM users to make.
   *
   * @default - none
   */
  readonly users?: readonly string[];
}

/** Name of the session document that leads to this target; commands build it from the same settings. */
export function targetDocumentName(prefix: string, target: string): string {
  // Not begun by the prefix, since AWS keeps names that begin with "aws" and "amazon" for itself.
  return `bastion-${prefix}-to-${target}`;
}

export class BastionAccess extends Construct {
  /** ARNs of the policies, by kind, and by `target-NAME`. */
  readonly policyArns = new Map<string, string>();

  constructor(scope: Construct, id: string, props: BastionAccessProps) {
    super(scope, id);
    const policy = new Construct(this, "policy");
    for (const kind of props.kinds) if (kind !== "targets") this.policyArns.set(kind, addPolicy(policy, kind, props));
    if (props.kinds.includes("targets")) this.#addTargets(props);
    this.#addGroups(props);
  }

  #addTargets(props: BastionAccessProps): void {
    const scope = new Construct(this, "target");
    for (const { name: target, host, port } of props.targets ?? []) {
      const common = { ...props, name: policyName(props, `target-${target}`) };
      const documentName = targetDocumentName(props.name, target);
      const { policyArn } = new TargetAccess(scope, target, { ...common, documentName, host, port });
      this.policyArns.set(`target-${target}`, policyArn);
    }
  }

  #addGroups(props: BastionAccessProps): void {
    const { account, name: prefix, groups = [], users = [] } = props;
    const user = new Construct(this, "user");
    const made = new Map(users.map((name) => [name, new AccessUser(user, name, { name }).userName]));
    const group = new Construct(this, "group");
    for (const { name, policies, targets, users: members } of groups) {
      const granted = [...policies, ...targets.map((target) => `target-${target}`)];
      new AccessGroup(group, name, {
        name: `${prefix}-${name}-${account.region}`,
        policies: new Map(granted.map((kind) => [kind, this.#policyArn(kind)])),
        // By reference where the user is ours, so that Terraform makes it first.
        users: members.map((member) => made.get(member) ?? member),
      });
    }
  }

  #policyArn(kind: string): string {
    const arn = this.policyArns.get(kind);
    if (arn === undefined) throw new RangeError(`no policy "${kind}" is made`);
    return arn;
  }
}

/** The Region is added, because IAM's names are one set for all Regions. */
function policyName({ name, account }: BastionAccessProps, kind: string): string {
  return `${name}-bastion-${kind}-${account.region}`;
}

function addPolicy(scope: Construct, kind: Exclude<AccessKind, "targets">, props: BastionAccessProps): string {
  const { account, instances, sessionKeyArn, tunnelUser } = props;
  const targets = props.kinds.includes("targets") ? (props.targets ?? []) : [];
  const documentNames = targets.map((target) => targetDocumentName(props.name, target.name));
  const common = { account, instances, sessionKeyArn, name: policyName(props, kind) };
  switch (kind) {
    case "shell":
      return new ShellPolicy(scope, kind, common).arn;
    case "ssh":
    case "shell-and-ssh": {
      const osUsers = [props.osUser, ...(tunnelUser === undefined ? [] : [tunnelUser])];
      return new SshPolicy(scope, kind, { ...common, osUsers, documentNames, opensShells: kind === "shell-and-ssh" })
        .arn;
    }
    case "tunnel":
      return new TunnelPolicy(scope, kind, { ...common, tunnelUser, documentNames }).arn;
    case "reboot":
      return new RebootPolicy(scope, kind, common).arn;
    case "audit":
      return new AuditPolicy(scope, kind, common).arn;
  }
}
