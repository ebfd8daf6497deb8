// What RDS and ElastiCache, which are moto's, know of the databases and caches in the networks.
import {
  DescribeCacheClustersCommand,
  DescribeCacheSubnetGroupsCommand,
  DescribeReplicationGroupsCommand,
  type CacheCluster,
  type CacheSubnetGroup,
  type ElastiCacheClient,
  type Endpoint,
  type ReplicationGroup,
} from "@aws-sdk/client-elasticache";
import {
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  DescribeDBSubnetGroupsCommand,
  type DBCluster,
  type DBInstance,
  type DBSubnetGroup,
  type RDSClient,
} from "@aws-sdk/client-rds";

/** A name in the network, and what stands behind it. */
export interface DatabaseRecord {
  /** Both endpoints of a cluster have the same: one database is behind them. */
  readonly key: string;
  /** As its owner calls it. */
  readonly identifier: string;
  readonly address: string;
  readonly port: number;
  readonly isPostgresql: boolean;
  /** As it was made with; undefined for none but `postgres`. */
  readonly databaseName: string | undefined;
  readonly masterUser: string;
  /** By which policies name it. */
  readonly resourceId: string;
  readonly hasIamAuthentication: boolean;
  readonly subnetId: string | undefined;
  readonly securityGroupIds: readonly string[];
}

/** Instances, and the endpoints of clusters that have one: a cluster's members are reached by its endpoints here. */
export async function describeDatabases(rds: RDSClient): Promise<readonly DatabaseRecord[]> {
  const [{ DBInstances = [] }, { DBClusters = [] }] = await Promise.all([
    rds.send(new DescribeDBInstancesCommand({})),
    rds.send(new DescribeDBClustersCommand({})),
  ]);
  const populated = DBClusters.filter(({ DBClusterMembers = [] }) => DBClusterMembers.length > 0);
  const { DBSubnetGroups = [] } = populated.length === 0 ? {} : await rds.send(new DescribeDBSubnetGroupsCommand({}));
  return [
    ...DBInstances.filter(({ DBClusterIdentifier }) => DBClusterIdentifier === undefined).map(instanceRecord),
    ...populated.flatMap((cluster) => clusterRecords(cluster, DBSubnetGroups)),
  ];
}

function instanceRecord(instance: DBInstance): DatabaseRecord {
  const {
    DBInstanceIdentifier: identifier = "",
    DBName: databaseName,
    MasterUsername: masterUser = "postgres",
  } = instance;
  const { Endpoint: { Address: address = "", Port: port = 0 } = {}, DbiResourceId: resourceId = "" } = instance;
  return {
    ...{ key: `instance ${identifier}`, identifier, address, port, databaseName, masterUser, resourceId },
    isPostgresql: instance.Engine === "postgres",
    hasIamAuthentication: instance.IAMDatabaseAuthenticationEnabled === true,
    subnetId: instance.DBSubnetGroup?.Subnets?.[0]?.SubnetIdentifier,
    securityGroupIds: groupIds(instance.VpcSecurityGroups),
  };
}

function clusterRecords(cluster: DBCluster, groups: readonly DBSubnetGroup[]): DatabaseRecord[] {
  const { DBClusterIdentifier: identifier = "", Endpoint, ReaderEndpoint } = cluster;
  const group = groups.find(({ DBSubnetGroupName }) => DBSubnetGroupName === cluster.DBSubnetGroup);
  const shared = {
    key: `cluster ${identifier}`,
    identifier,
    port: cluster.Port ?? 0,
    isPostgresql: cluster.Engine === "aurora-postgresql",
    databaseName: cluster.DatabaseName,
    masterUser: cluster.MasterUsername ?? "postgres",
    resourceId: cluster.DbClusterResourceId ?? "",
    hasIamAuthentication: cluster.IAMDatabaseAuthenticationEnabled === true,
    subnetId: group?.Subnets?.[0]?.SubnetIdentifier,
    securityGroupIds: groupIds(cluster.VpcSecurityGroups),
  };
  return [Endpoint, ReaderEndpoint].flatMap((address) => (address === undefined ? [] : [{ ...shared, address }]));
}

function groupIds(groups: readonly { readonly VpcSecurityGroupId?: string | undefined }[] = []): string[] {
  return groups.flatMap(({ VpcSecurityGroupId }) => VpcSecurityGroupId ?? []);
}

/** Behind these names nothing runs; the firewalls before them are as real as a database's. */
export async function describeCaches(elastiCache: ElastiCacheClient): Promise<readonly DatabaseRecord[]> {
  const [{ CacheClusters = [] }, { ReplicationGroups = [] }, { CacheSubnetGroups = [] }] = await Promise.all([
    elastiCache.send(new DescribeCacheClustersCommand({ ShowCacheNodeInfo: true })),
    elastiCache.send(new DescribeReplicationGroupsCommand({})),
    elastiCache.send(new DescribeCacheSubnetGroupsCommand({})),
  ]);
  return [
    ...CacheClusters.flatMap((cluster) => cacheRecords(cluster, clusterEndpoints(cluster), CacheSubnetGroups)),
    ...ReplicationGroups.flatMap((group) => {
      const member = CacheClusters.find(({ ReplicationGroupId }) => ReplicationGroupId === group.ReplicationGroupId);
      return member === undefined ? [] : cacheRecords(member, groupEndpoints(group), CacheSubnetGroups);
    }),
  ];
}

function clusterEndpoints({ ConfigurationEndpoint, CacheNodes = [] }: CacheCluster): (Endpoint | undefined)[] {
  return [ConfigurationEndpoint, ...CacheNodes.map((node) => node.Endpoint)];
}

function groupEndpoints({ ConfigurationEndpoint, NodeGroups = [] }: ReplicationGroup): (Endpoint | undefined)[] {
  return [ConfigurationEndpoint, ...NodeGroups.flatMap((node) => [node.PrimaryEndpoint, node.ReaderEndpoint])];
}

function cacheRecords(
  { CacheClusterId: identifier = "", CacheSubnetGroupName, SecurityGroups = [] }: CacheCluster,
  endpoints: readonly (Endpoint | undefined)[],
  groups: readonly CacheSubnetGroup[],
): DatabaseRecord[] {
  const group = groups.find((each) => each.CacheSubnetGroupName === CacheSubnetGroupName);
  const shared = {
    key: `cache ${identifier}`,
    identifier,
    isPostgresql: false,
    databaseName: undefined,
    masterUser: "default",
    resourceId: "",
    hasIamAuthentication: false,
    subnetId: group?.Subnets?.[0]?.SubnetIdentifier,
    securityGroupIds: SecurityGroups.flatMap(({ SecurityGroupId }) => SecurityGroupId ?? []),
  };
  return endpoints.flatMap((endpoint) =>
    endpoint?.Address === undefined ? [] : [{ ...shared, address: endpoint.Address, port: endpoint.Port ?? 0 }],
  );
}
