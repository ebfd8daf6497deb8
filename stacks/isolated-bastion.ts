// The isolated bastion, whole: its network with the ways out of it, its role and group, the instances, and who may use them.
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { accessTags, addAccess } from "./add-access.ts";
import { InstanceAssociations } from "./associations/instance-associations.ts";
import { AwsAccount } from "./aws-account.ts";
import { BastionNetwork } from "./bastion-network.ts";
import { BastionHosts } from "./bastion/bastion-hosts.ts";
import type { BastionFeatureIn } from "./bastion/feature.ts";
import { Image } from "./bastion/image.ts";
import { bastionName } from "./bastion/own-tags.ts";
import { BastionRole } from "./bastion/role.ts";
import { BastionSecurityGroup } from "./bastion/security-group.ts";
import { userData } from "./bastion/user-data.ts";
import type { Network } from "./network/network.ts";
import type { PolicyStatement } from "./policy-document.ts";
import type { Settings } from "./settings.ts";
import type { Associations } from "./settings/sections/associations.ts";

export interface IsolatedBastionProps {
  /** What a settings file says, completed and checked: `completeSettings({ tag_application: "billing" })`. */
  readonly settings: Settings;
  /**
   * What the bastion does beside sessions.
   *
   * @default - nothing
   */
  readonly features?: readonly BastionFeatureIn[] | undefined;
  /**
   * The key that the session preferences name; whoever opens shells uses it.
   *
   * @default - none is known here
   */
  readonly sessionKeyArn?: string | undefined;
}

export class IsolatedBastion extends Construct {
  /** Name tag of the instances; people and commands find them by it. */
  readonly name: string;
  readonly instanceIds: readonly string[];
  /** The network it stands in. */
  readonly vpcId: string;
  /** The only group of the bastion. */
  readonly securityGroupId: string;
  /** Where it runs. */
  readonly account: AwsAccount;
  /** ARNs of the managed policies for people, by kind of access; empty where the settings ask for none. */
  readonly accessPolicyArns: ReadonlyMap<string, string>;
  readonly #settings: Settings;
  /** Begins the names of everything but the bastion. */
  readonly #prefix: string;

  constructor(scope: Construct, id: string, { settings, features: wanted = [], sessionKeyArn }: IsolatedBastionProps) {
    super(scope, id);
    this.#settings = settings;
    this.#prefix = `${settings.tag_application}-${settings.target_environment}`;
    this.name = bastionName(settings);
    this.account = new AwsAccount(this, "current");

    const { account } = this;
    const features = wanted.map((feature) => feature(account));
    const common = { settings, account, prefix: this.#prefix };
    const bastionNetwork = new BastionNetwork(this, { ...common, name: this.name, features });
    const { network } = bastionNetwork;
    const role = this.#addRole(features.flatMap((feature) => feature.statements));
    const group = new BastionSecurityGroup(this, "bastion_group", { name: this.name, vpcId: network.vpcId });
    const ways = bastionNetwork.letOut({ role, group });
    group.allowTargets(settings.targets);
    const after = [...ways, ...group.rules, ...role.permissions];
    this.vpcId = network.vpcId;
    this.securityGroupId = group.securityGroupId;
    this.instanceIds = this.#addHosts({ network, role, group, after }).instanceIds;
    this.accessPolicyArns = addAccess(this, { ...common, instanceIds: this.instanceIds, sessionKeyArn });
    if (settings.associations !== undefined) this.#addAssociations(settings.associations);
  }

  #addAssociations(associations: Associations): void {
    new InstanceAssociations(this, "association", {
      name: this.#prefix,
      tag: associations.tag,
      values: associations.values,
      installsEc2InstanceConnect: associations.ec2_instance_connect,
      updatesSsmAgent: associations.ssm_agent,
      intervalDays: associations.interval_days,
    });
  }

  #addRole(featureStatements: readonly PolicyStatement[]): BastionRole {
    const { managed_policy_arns: managedPolicyArns, inline_policy } = this.#settings.bastion_host_policy;
    return new BastionRole(this, "bastion_role", {
      account: this.account,
      name: this.name,
      managedPolicyArns,
      featureStatements,
      statements: inline_policy.Statement,
    });
  }

  #addHosts({ network, role, group, after }: HostSurroundings): BastionHosts {
    const { image, instance_type: instanceType, bastion_count: count } = this.#settings;
    return new BastionHosts(this, "bastion_host", {
      name: this.name,
      amiId: new Image(this, "image", { name: image, instanceType }).amiId,
      instanceType,
      subnetIds: network.subnetIds,
      publicAddresses: network.needsPublicAddresses,
      securityGroupId: group.securityGroupId,
      instanceProfileName: role.instanceProfileName,
      after,
      count,
      replaceOnNewImage: this.#settings.ami_policy === "latest",
      terminationProtection: this.#settings.termination_protection,
      tags: accessTags(this.#settings, this.#prefix),
      userData: userDataOf(this.#settings),
    });
  }
}

/** What the instances stand in, and what must exist before them. */
interface HostSurroundings {
  readonly network: Network;
  readonly role: BastionRole;
  readonly group: BastionSecurityGroup;
  readonly after: ITerraformDependable[];
}

function userDataOf({ tunnel_user: name, targets, ssm_user_sudo: ssmUserSudo }: Settings): string | undefined {
  return userData({ ssmUserSudo, tunnelUser: name === undefined ? undefined : { name, targets } });
}
