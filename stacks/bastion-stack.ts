// The isolated bastion: a network without a way out, three endpoints, and one small instance behind them.
import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import { AwsAccount } from "./aws-account.ts";
import { keepStateIn } from "./backend.ts";
import { addBastionOutputs } from "./bastion-outputs.ts";
import { BastionHosts } from "./bastion/bastion-hosts.ts";
import { interfaceServicesOf, type BastionFeature, type BastionFeatureIn } from "./bastion/feature.ts";
import { Image, OS_USERS } from "./bastion/image.ts";
import { BastionRole } from "./bastion/role.ts";
import { BastionSecurityGroup } from "./bastion/security-group.ts";
import { NamedStack } from "./named-stack.ts";
import { EndpointServices, type EndpointService } from "./network/endpoint-services.ts";
import { FlowLogs } from "./network/flow-logs.ts";
import { InterfaceEndpoints } from "./network/interface-endpoints.ts";
import { IsolatedNetwork, type ZoneChoice } from "./network/isolated-network.ts";
import type { PolicyStatement } from "./policy-document.ts";
import { addProvider } from "./provider.ts";
import type { StackProps } from "./run-app.ts";
import type { Settings } from "./settings.ts";

/** Name tag of the bastion that these settings make. */
export function bastionName({ tag_application, target_environment }: Settings): string {
  return `${tag_application}-${target_environment}-bastion-host`;
}

export interface BastionStackProps extends StackProps {
  /**
   * What the bastion does beside sessions.
   *
   * @default - nothing
   */
  readonly features?: readonly BastionFeatureIn[];
}

export class BastionStack extends NamedStack {
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
    const services = new EndpointServices(this, "offered", { services: servicesOf(settings, features) });
    const network = this.#addNetwork(services);
    const statements = features.flatMap((feature) => feature.statements);
    const role = this.#addRole(statements);
    const group = new BastionSecurityGroup(this, "bastion_group", { name: this.#bastionName, vpcId: network.vpcId });
    const endpoints = new InterfaceEndpoints(this, "endpoint", {
      name: this.#prefix,
      vpcId: network.vpcId,
      subnetIds: network.subnetIds,
      services,
      clientSecurityGroupId: group.securityGroupId,
      accountId: this.#account.accountId,
      clientRoleArn: role.roleArn,
      statements,
    });
    group.allowEndpoints(endpoints.endpoints);
    group.allowTargets(settings.targets);
    const after = [...network.routes, ...endpoints.prerequisites, ...group.rules, ...role.permissions];
    this.#addOutputs(this.#addHosts({ network, role, group, after }));
  }

  #addNetwork(services: EndpointServices): IsolatedNetwork {
    const network = new IsolatedNetwork(this, "network", {
      name: this.#bastionName,
      vpcCidr: this.#settings.vpc_cidr,
      subnetCidrs: this.#settings.vpc_private_subnets,
      zoneChoice: zoneChoice(this.#settings, services),
    });
    new FlowLogs(this, "flow_logs", { account: this.#account, name: this.#prefix, vpcId: network.vpcId });
    return network;
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
      securityGroupId: group.securityGroupId,
      instanceProfileName: role.instanceProfileName,
      after,
      count,
      replaceOnNewImage: this.#settings.ami_policy === "latest",
      terminationProtection: this.#settings.termination_protection,
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
  readonly network: IsolatedNetwork;
  readonly role: BastionRole;
  readonly group: BastionSecurityGroup;
  readonly after: ITerraformDependable[];
}

/** Session Manager's own, and what the features call. */
function servicesOf({ ec2messages_endpoint }: Settings, features: readonly BastionFeature[]): EndpointService[] {
  const ofSessions: EndpointService[] = [
    "ssm",
    "ssmmessages",
    ...(ec2messages_endpoint ? (["ec2messages"] as const) : []),
  ];
  return [...new Set([...ofSessions, ...interfaceServicesOf(features)])];
}

function zoneChoice(settings: Settings, services: EndpointServices): ZoneChoice {
  const { availability_zones: zones, instance_type } = settings;
  return zones === undefined
    ? { kind: "offered", zones: services.zonesWith(instance_type), offer: `${instance_type} and all endpoints` }
    : { kind: "named", zones };
}
