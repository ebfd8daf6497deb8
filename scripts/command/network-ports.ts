// What use cases need to know of AWS's networks, and of the databases that stand in them.

/** Something of RDS's or ElastiCache's that takes connections. */
export interface DatabaseEndpoint {
  /** Identifier of the instance or cluster; foreign text. */
  readonly name: string;
  /** Which of a cluster's endpoints; an instance has one only. */
  readonly role: "instance" | "writer" | "reader" | "cache";
  /** As the service writes it: `postgres`, `aurora-mysql`, `redis`, `valkey`, … */
  readonly engine: string;
  readonly host: string;
  readonly port: number;
  /** E.g. `available`. */
  readonly status: string;
  /** The database that it was made with. */
  readonly databaseName: string | undefined;
  readonly hasTls: boolean;
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
}

/** Where an instance stands. */
export interface InstanceNetwork {
  readonly vpcId: string;
  readonly privateIpAddress: string;
  readonly securityGroupIds: readonly string[];
}

/** One direction of a rule: protocol, ports, and who is on the other side. */
export interface SecurityGroupRule {
  /** `-1` is all, `tcp` and `6` are TCP. */
  readonly protocol: string;
  readonly fromPort: number;
  readonly toPort: number;
  readonly cidrs: readonly string[];
  readonly securityGroupIds: readonly string[];
  /** Whether it names prefix lists, whose addresses are not looked up. */
  readonly hasPrefixLists: boolean;
}

export interface SecurityGroup {
  readonly securityGroupId: string;
  readonly ingress: readonly SecurityGroupRule[];
  readonly egress: readonly SecurityGroupRule[];
}

export interface DatabaseTokenRequest {
  /** The true endpoint: the token is of no use for any other. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

/** Needs that EC2, RDS and ElastiCache meet. */
export interface NetworkPorts {
  /** Instances and clusters of RDS, Aurora among them. */
  listDatabases(): Promise<DatabaseEndpoint[]>;
  /** Redis, Valkey and Memcached of ElastiCache. */
  listCaches(): Promise<DatabaseEndpoint[]>;
  instanceNetwork(instanceId: string): Promise<InstanceNetwork | undefined>;
  /** Those of the groups that there are. */
  findSecurityGroups(securityGroupIds: readonly string[]): Promise<SecurityGroup[]>;
  /** IPv4 CIDR blocks of the subnets. */
  subnetCidrs(subnetIds: readonly string[]): Promise<string[]>;
  /** A password for an RDS user with IAM authentication; a secret, valid for 15 min. */
  databaseToken(request: DatabaseTokenRequest): Promise<string>;
}
