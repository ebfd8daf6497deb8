// The network that the settings ask for, and the ways on which the bastion's calls leave it.
import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import type { AwsAccount } from "./aws-account.ts";
import type { BastionFeature } from "./bastion/feature.ts";
import type { BastionRole } from "./bastion/role.ts";
import type { BastionSecurityGroup } from "./bastion/security-group.ts";
import { planEndpoints, type EndpointPlan } from "./network/endpoint-plan.ts";
import { EndpointServices } from "./network/endpoint-services.ts";
import { ExistingEndpoints } from "./network/existing-endpoints.ts";
import { ExistingNetwork, type ExistingNetworkProps } from "./network/existing-network.ts";
import { ExistingS3Endpoint } from "./network/existing-s3-endpoint.ts";
import { FlowLogs } from "./network/flow-logs.ts";
import { InterfaceEndpoints } from "./network/interface-endpoints.ts";
import { IsolatedNetwork } from "./network/isolated-network.ts";
import { NatNetwork } from "./network/nat-network.ts";
import type { Network } from "./network/network.ts";
import { PublicNetwork } from "./network/public-network.ts";
import { S3Endpoint } from "./network/s3-endpoint.ts";
import type { ZoneChoice } from "./network/vpc.ts";
import type { PolicyStatement } from "./policy-document.ts";
import type { ExistingNetworkSettings, Settings } from "./settings/schema.ts";

export interface BastionNetworkProps {
  /** What the person wrote, completed. */
  readonly settings: Settings;
  /** Who the endpoints are for. */
  readonly account: AwsAccount;
  /** Name tag of VPC and subnets. */
  readonly name: string;
  /** Begins the names of what stands around the bastion. */
  readonly prefix: string;
  /** What the bastion calls beside Session Manager. */
  readonly features: readonly BastionFeature[];
}

/** Who calls, and is let out. */
export interface BastionClient {
  readonly role: BastionRole;
  readonly group: BastionSecurityGroup;
}

/** Adds its parts straight to the stack, so that their addresses do not tell of this class. */
export class BastionNetwork {
  readonly network: Network;
  readonly #stack: Construct;
  readonly #props: BastionNetworkProps;
  readonly #plan: EndpointPlan;
  /** What the endpoints that are made here are for. */
  readonly #offered: EndpointServices;

  constructor(stack: Construct, props: BastionNetworkProps) {
    this.#stack = stack;
    this.#props = props;
    this.#plan = planEndpoints(props.settings, props.features);
    this.#offered = new EndpointServices(stack, "offered", { services: this.#plan.made });
    this.network = this.#addNetwork();
    const { account, prefix: name } = props;
    // The log of a network of others is theirs to write.
    if (this.network.shared === undefined)
      new FlowLogs(stack, "flow_logs", { account, name, vpcId: this.network.vpcId });
  }

  #addNetwork(): Network {
    const { settings, name } = this.#props;
    const { network: kind, vpc_private_subnets, vpc_public_subnets } = settings;
    if (kind === "existing")
      return new ExistingNetwork(this.#stack, "network", existingNetworkProps(settings, this.#plan));
    const { vpc_cidr: vpcCidr = "" } = settings;
    const common = { name, vpcCidr, zoneChoice: zoneChoice(settings, this.#offered) };
    switch (kind) {
      case "private-link":
        return new IsolatedNetwork(this.#stack, "network", { ...common, subnetCidrs: vpc_private_subnets });
      case "public":
        return new PublicNetwork(this.#stack, "network", { ...common, subnetCidrs: vpc_public_subnets });
      case "nat":
        return new NatNetwork(this.#stack, "network", {
          ...common,
          privateSubnetCidrs: vpc_private_subnets,
          publicSubnetCidrs: vpc_public_subnets,
        });
    }
  }

  /** Adds the endpoints, and lets the client out to them or to the internet. Returns what must exist before an agent starts. */
  letOut(client: BastionClient): ITerraformDependable[] {
    if (this.#plan.reachesInternet) client.group.allowInternet();
    return [
      ...this.network.routes,
      ...this.#addInterfaceEndpoints(client),
      ...this.#reuseInterfaceEndpoints(client),
      ...this.#wayToS3(client),
    ];
  }

  #addInterfaceEndpoints({ role, group }: BastionClient): ITerraformDependable[] {
    if (this.#plan.made.length === 0) return [];
    const { vpcId, subnetIds, shared } = this.network;
    const { endpoints, prerequisites } = new InterfaceEndpoints(this.#stack, "endpoint", {
      name: this.#props.prefix,
      vpcId,
      subnetIds,
      services: this.#offered,
      clientSecurityGroupId: group.securityGroupId,
      accountId: this.#props.account.accountId,
      clientRoleArn: role.roleArn,
      statements: this.#statements(),
      ...(shared === undefined ? {} : { sharedVpcCidrs: shared.vpcCidrs }),
    });
    group.allowEndpoints(endpoints);
    return prerequisites;
  }

  #reuseInterfaceEndpoints({ group }: BastionClient): ITerraformDependable[] {
    const { reused: endpointIds } = this.#plan;
    const { vpcId, shared } = this.network;
    if (endpointIds.size === 0 || shared === undefined) return [];
    const endpoints = new ExistingEndpoints(this.#stack, "existing_endpoint", {
      vpcId,
      endpointIds,
      clientSecurityGroupId: group.securityGroupId,
      clientCidrs: shared.subnetCidrs,
      opensGroups: this.#props.settings.existing_network?.open_endpoint_groups ?? false,
    });
    group.allowExistingEndpoints(endpoints);
    return endpoints.prerequisites;
  }

  #wayToS3({ role, group }: BastionClient): ITerraformDependable[] {
    const { s3 } = this.#plan;
    const { vpcId, routeTableIds } = this.network;
    if (s3 === undefined) return [];
    if (s3 !== "made") {
      const { prefixListId } = new ExistingS3Endpoint(this.#stack, "existing_s3", { vpcId, endpointId: s3.reused });
      group.allowS3(prefixListId);
      return [];
    }
    const { prefixListId, prerequisites } = new S3Endpoint(this.#stack, "s3", {
      name: `${this.#props.prefix}-s3`,
      vpcId,
      routeTableIds,
      accountId: this.#props.account.accountId,
      clientRoleArn: role.roleArn,
      statements: this.#statements(),
      publicObjects: this.#props.features.flatMap(({ publicObjects = [] }) => publicObjects),
    });
    group.allowS3(prefixListId);
    return prerequisites;
  }

  #statements(): PolicyStatement[] {
    return this.#props.features.flatMap(({ statements }) => statements);
  }
}

/** One of the two is there, as the checks of the settings see to. */
function existingNetworkProps({ existing_network: existing }: Settings, plan: EndpointPlan): ExistingNetworkProps {
  const { vpc_id, vpc_tags = {}, subnet_ids, subnet_tags = {} }: Partial<ExistingNetworkSettings> = existing ?? {};
  return {
    vpc: vpc_id === undefined ? { tags: vpc_tags } : { id: vpc_id },
    subnets: subnet_ids === undefined ? { tags: subnet_tags } : { ids: subnet_ids },
    reachesInternet: plan.reachesInternet,
    hasEndpoints: plan.made.length + plan.reused.size > 0,
  };
}

function zoneChoice({ availability_zones: zones, instance_type }: Settings, offered: EndpointServices): ZoneChoice {
  const offer = offered.services.length === 0 ? instance_type : `${instance_type} and all endpoints`;
  return zones === undefined
    ? { kind: "offered", zones: offered.zonesWith(instance_type), offer }
    : { kind: "named", zones };
}
