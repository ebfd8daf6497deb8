// The isolated bastion: a network, as a rule one without a way out but three endpoints, and one small instance in it.
import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import { accessTags, addAccess } from "./add-access.ts";
import { InstanceAssociations } from "./associations/instance-associations.ts";
import { AwsAccount } from "./aws-account.ts";
import { keepStateIn } from "./backend.ts";
import { BastionNetwork } from "./bastion-network.ts";
import { addBastionOutputs } from "./bastion-outputs.ts";
import { BastionHosts } from "./bastion/bastion-hosts.ts";
import type { BastionFeatureIn } from "./bastion/feature.ts";
import { Image, OS_USERS } from "./bastion/image.ts";
import { BastionRole } from "./bastion/role.ts";
import { BastionSecurityGroup } from "./bastion/security-group.ts";
import { userData } from "./bastion/user-data.ts";
import { NamedStack } from "./named-stack.ts";
import type { Network } from "./network/network.ts";
import type { PolicyStatement } from "./policy-document.ts";
import { addProvider } from "./provider.ts";
import type { StackProps } from "./run-app.ts";
import type { Settings } from "./settings.ts";
import type { Associations } from "./settings/sections/associations.ts";

/** Name tag of the bastion that these settings make. */
export function bastionName({ tag_application, target_environment }: Settings): string {
  return `${tag_application}-${target_environment}-bastion-host`;
}

/** Whether the bastion has the tag by which associations find their instances. */
export function bastionIsTarget(settings: Settings): boolean {
  const { associations, tag_application, target_environment } = settings;
  const tags = new Map([
    ["Name", bastionName(settings)],
    ["Application", tag_application],
    ["Environment", target_environment],
  ]);
  return associations?.values.includes(tags.get(associations.tag) ?? "") === true;
}

export interface BastionStackProps extends StackProps {
  /**
   * What the bastion does beside sessions.
   *
   * @default - nothing
   */
  readonly features?: readonly BastionFeatureIn[];
  /**
   * The key that the session preferences name; whoever opens shells uses it.
   *
   * @default - none is known here
   */
  readonly sessionKeyArn?: string | undefined;
}

export class BastionStack extends NamedStack {
  /** The network it stands in. */
  readonly vpcId: string;
  /** The only group of the bastion. */
  readonly securityGroupId: string;
  readonly #settings: Settings;
  readonly #account: AwsAccount;
  /** Begins the names of everything but the bastion. */
  readonly #prefix: string;
  readonly #bastionName: string;

  constructor(scope: Construct, id: string, props: BastionStackProps) {
    super(scope, id);
    const { settings, backend } = props;
    keepStateIn(backend, this);
    addProvider(this, settings);
    this.#settings = settings;
    this.#account = new AwsAccount(this, "current");
    this.#prefix = `${settings.tag_application}-${settings.target_environment}`;
    this.#bastionName = bastionName(settings);

    const features = (props.features ?? []).map((feature) => feature(this.#account));
    const bastionNetwork = new BastionNetwork(this, {
      settings,
      account: this.#account,
      name: this.#bastionName,
      prefix: this.#prefix,
      features,
    });
    const { network } = bastionNetwork;
    const role = this.#addRole(features.flatMap((feature) => feature.statements));
    const group = new BastionSecurityGroup(this, "bastion_group", { name: this.#bastionName, vpcId: network.vpcId });
    const ways = bastionNetwork.letOut({ role, group });
    this.vpcId = network.vpcId;
    this.securityGroupId = group.securityGroupId;
    group.allowTargets(settings.targets);
    const after = [...ways, ...group.rules, ...role.permissions];
    const hosts = this.#addHosts({ network, role, group, after });
    addAccess(this, { ...props, account: this.#account, prefix: this.#prefix, instanceIds: hosts.instanceIds });
    this.#addOutputs(hosts);
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
      account: this.#account,
      name: this.#bastionName,
      managedPolicyArns,
      featureStatements,
      statements: inline_policy.Statement,
    });
  }

  #addHosts({ network, role, group, after }: HostSurroundings): BastionHosts {
    const { image, instance_type: instanceType, bastion_count: count } = this.#settings;
    return new BastionHosts(this, "bastion_host", {
      name: this.#bastionName,
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

  #addOutputs({ instanceIds }: BastionHosts): void {
    addBastionOutputs(this, {
      instanceIds,
      name: this.#bastionName,
      osUser: OS_USERS[this.#settings.image],
      partition: this.#account.partition,
      region: this.#account.region,
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
