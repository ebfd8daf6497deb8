// What stands between an instance and Session Manager, as plain facts: doctor judges them, AWS's folder reads them.

export interface NetworkFacts {
  readonly vpcId: string;
  readonly subnetId: string;
  /** The instance's own. */
  readonly privateAddress: string;
  readonly publicAddress: string | undefined;
  readonly securityGroupIds: readonly string[];
  /** The VPC's attribute enableDnsSupport. */
  readonly dnsSupport: boolean;
  /** The VPC's attribute enableDnsHostnames. */
  readonly dnsHostnames: boolean;
  /** Where the subnet's route to 0.0.0.0/0 leads; undefined if it has none. */
  readonly defaultRoute: RouteFacts | undefined;
  /** Interface endpoints of the VPC. */
  readonly endpoints: readonly EndpointFacts[];
  /** By id: the instance's groups, and those of the endpoints. */
  readonly securityGroups: ReadonlyMap<string, SecurityGroupFacts>;
  /** Network ACLs, by the subnets that they guard. */
  readonly networkAcls: ReadonlyMap<string, NetworkAclFacts>;
}

export interface RouteFacts {
  /** E.g. `nat-0123456789abcdef0`. */
  readonly target: string;
  readonly isActive: boolean;
  /** State of the NAT gateway that it leads to; undefined if it leads elsewhere. */
  readonly natGatewayState?: string | undefined;
}

export interface EndpointFacts {
  readonly endpointId: string;
  /** E.g. `com.amazonaws.eu-central-1.ssm`. */
  readonly serviceName: string;
  readonly state: string;
  readonly hasPrivateDns: boolean;
  readonly interfaces: readonly { readonly subnetId: string; readonly address: string }[];
  readonly securityGroupIds: readonly string[];
  /** As `JSON.parse` gives it; foreign. */
  readonly policy: unknown;
}

export interface SecurityGroupFacts {
  readonly ingress: readonly RuleFacts[];
  readonly egress: readonly RuleFacts[];
}

/** Protocol and ports; undefined ports are all. */
interface PortFacts {
  /** `-1` is all; `tcp` and `6` are TCP. */
  readonly protocol: string;
  readonly from: number | undefined;
  readonly to: number | undefined;
}

export interface RuleFacts extends PortFacts {
  readonly cidrs: readonly string[];
  readonly securityGroupIds: readonly string[];
  /** Lists of addresses by name: what is in them is not looked up. */
  readonly prefixListIds: readonly string[];
}

export interface NetworkAclFacts {
  readonly aclId: string;
  /** In the order of their numbers: the first one that fits decides. */
  readonly entries: readonly AclEntryFacts[];
}

export interface AclEntryFacts extends PortFacts {
  readonly isEgress: boolean;
  readonly allows: boolean;
  readonly cidr: string;
}

/** An instance's role, as far as its SSM Agent needs it. */
export interface RoleFacts {
  readonly profileArn: string | undefined;
  /** Undefined when there is no profile, or no role in it. */
  readonly roleArn: string | undefined;
  /** Actions of the agent's that the role's policies do not allow; undefined when nobody may ask. */
  readonly refusedActions: readonly string[] | undefined;
}

/** What Systems Manager knows of an instance. */
export interface NodeFacts {
  readonly pingStatus: string;
  readonly agentVersion: string;
  /** Milliseconds since 1970 UTC. */
  readonly lastPingMs: number;
}
