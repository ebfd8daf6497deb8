// What decides whether an SSM Agent can register, as plain facts: no client, no optional maybe, one VPC.
import type { PrincipalPolicies } from "../permissions/attached-policies.ts";

export interface RegistrationFacts {
  readonly instanceId: string;
  readonly region: string;
  /** Account id. */
  readonly account: string;
  /** Undefined if EC2 knows no such instance. */
  readonly instance: InstanceFacts | undefined;
  /** Undefined if the instance has no instance profile, or that has no role. */
  readonly role: PrincipalPolicies | undefined;
  /** Undefined if the instance is in no subnet that exists. */
  readonly network: NetworkFacts | undefined;
}

export interface InstanceFacts {
  /** EC2's name: `pending`, `running`, `stopped`, … */
  readonly state: string;
  readonly instanceProfileArn: string | undefined;
  readonly subnetId: string;
  readonly privateIpAddress: string;
  readonly publicIpAddress: string | undefined;
  readonly securityGroupIds: readonly string[];
}

export interface NetworkFacts {
  readonly vpcId: string;
  /** The VPC's attribute `enableDnsSupport`. */
  readonly dnsSupport: boolean;
  /** The VPC's attribute `enableDnsHostnames`. */
  readonly dnsHostnames: boolean;
  /** By subnet id. */
  readonly subnets: ReadonlyMap<string, SubnetFacts>;
  /** The VPC's interface endpoints. */
  readonly endpoints: readonly EndpointFacts[];
  /** The VPC's gateway endpoints. */
  readonly gatewayEndpoints: readonly GatewayEndpointFacts[];
  /** By id. */
  readonly natGateways: ReadonlyMap<string, NatGatewayFacts>;
  /** By id. */
  readonly securityGroups: ReadonlyMap<string, SecurityGroupFacts>;
  /** CIDRs of the prefix lists that the security groups name, by id. */
  readonly prefixLists: ReadonlyMap<string, readonly string[]>;
}

export interface SubnetFacts {
  /** Target of the route to 0.0.0.0/0; undefined if there is none. */
  readonly defaultRoute: DefaultRoute | undefined;
  /** Of the subnet's network ACL, in the order of their numbers. */
  readonly aclEntries: readonly AclEntry[];
  readonly aclId: string;
}

export interface DefaultRoute {
  /** E.g. `igw-…`, `nat-…`. */
  readonly target: string;
  readonly state: string;
}

export interface NatGatewayFacts {
  readonly state: string;
  readonly subnetId: string;
  readonly isPublic: boolean;
}

export interface EndpointFacts {
  readonly endpointId: string;
  /** E.g. `com.amazonaws.eu-central-1.ssm`. */
  readonly serviceName: string;
  readonly state: string;
  readonly privateDnsEnabled: boolean;
  /** One for each subnet that it is in. */
  readonly interfaces: readonly EndpointInterface[];
  readonly securityGroupIds: readonly string[];
  /** As `JSON.parse` gives it. */
  readonly policyDocument: unknown;
}

/** Routes lead to it; it has neither address nor security group. */
export interface GatewayEndpointFacts {
  readonly endpointId: string;
  /** E.g. `com.amazonaws.eu-central-1.s3`. */
  readonly serviceName: string;
  readonly state: string;
  /** Subnets whose route table leads to it. */
  readonly subnetIds: readonly string[];
  /** The service's addresses, as rules of security groups name them. */
  readonly prefixListId: string;
  /** As `JSON.parse` gives it. */
  readonly policyDocument: unknown;
}

export interface EndpointInterface {
  readonly subnetId: string;
  readonly privateIpAddress: string;
}

export interface SecurityGroupFacts {
  readonly ingress: readonly SecurityGroupRule[];
  readonly egress: readonly SecurityGroupRule[];
}

/** Protocol and ports, as security groups and network ACLs write them. */
export interface Ports {
  /** `-1` is all, `6` and `tcp` are TCP. */
  readonly protocol: string;
  /** Undefined stands for all. */
  readonly from: number | undefined;
  readonly to: number | undefined;
}

export interface SecurityGroupRule extends Ports {
  readonly cidrs: readonly string[];
  readonly securityGroupIds: readonly string[];
  readonly prefixListIds: readonly string[];
}

export interface AclEntry extends Ports {
  readonly isEgress: boolean;
  readonly allows: boolean;
  readonly cidr: string;
}
