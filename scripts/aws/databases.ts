// RDS and ElastiCache: which databases there are, and where.
import {
  DescribeCacheClustersCommand,
  DescribeCacheSubnetGroupsCommand,
  DescribeReplicationGroupsCommand,
  ElastiCacheClient,
  type CacheCluster,
  type CacheSubnetGroup,
  type Endpoint,
  type ReplicationGroup,
} from "@aws-sdk/client-elasticache";
import {
  type DBCluster,
  type DBInstance,
  type DBSubnetGroup,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  DescribeDBSubnetGroupsCommand,
  RDSClient,
} from "@aws-sdk/client-rds";
import type { DatabaseEndpoint, NetworkPorts } from "../command/network-ports.ts";
import { type ClientSettings, calling, clientConfiguration } from "./client-settings.ts";

export type DatabasePorts = Pick<NetworkPorts, "listDatabases" | "listCaches">;

/** The needs that RDS and ElastiCache meet. */
export function databasePorts(settings: ClientSettings): DatabasePorts {
  return { listDatabases: () => listDatabases(settings), listCaches: () => listCaches(settings) };
}

async function listDatabases(settings: ClientSettings): Promise<DatabaseEndpoint[]> {
  const client = new RDSClient(clientConfiguration(settings));
  settings.logCalls(client.middlewareStack);
  const all = <Page extends RdsPage>(action: string, ask: (marker: Marker) => Promise<Page>): Promise<Page[]> =>
    calling(`rds:${action}`, undefined, settings, () => allPages(ask));
  const [instances, clusters] = await Promise.all([
    all("DescribeDBInstances", (marker) => client.send(new DescribeDBInstancesCommand(marker))),
    all("DescribeDBClusters", (marker) => client.send(new DescribeDBClustersCommand(marker))),
  ]);
  const found = clusters.flatMap(({ DBClusters = [] }) => DBClusters);
  const groups =
    found.length === 0
      ? []
      : await all("DescribeDBSubnetGroups", (marker) => client.send(new DescribeDBSubnetGroupsCommand(marker)));
  const subnetGroups = groups.flatMap(({ DBSubnetGroups = [] }) => DBSubnetGroups);
  return [
    ...instances.flatMap(({ DBInstances = [] }) => DBInstances).flatMap(instanceEndpoint),
    ...found.flatMap((cluster) => clusterEndpoints(cluster, subnetGroups)),
  ];
}

interface RdsPage {
  readonly Marker?: string | undefined;
}

type Marker = { readonly Marker: string } | Record<string, never>;

async function allPages<Page extends RdsPage>(ask: (marker: Marker) => Promise<Page>): Promise<Page[]> {
  const pages: Page[] = [];
  let marker: string | undefined;
  do {
    const page = await ask(marker === undefined ? {} : { Marker: marker });
    pages.push(page);
    marker = page.Marker;
  } while (marker !== undefined && marker !== "");
  return pages;
}

/** A member of a cluster is reached by the cluster's endpoints; an instance that is being made has none yet. */
function instanceEndpoint(instance: DBInstance): DatabaseEndpoint[] {
  const { Endpoint: endpoint, DBClusterIdentifier } = instance;
  if (DBClusterIdentifier !== undefined || endpoint?.Address === undefined) return [];
  return [
    {
      ...nameOf(instance.DBInstanceIdentifier, instance.Engine, instance.DBInstanceStatus),
      role: "instance",
      host: endpoint.Address,
      port: endpoint.Port ?? 0,
      databaseName: instance.DBName,
      hasTls: true,
      ...subnetGroupPlace(instance.DBSubnetGroup),
      securityGroupIds: groupIds(instance.VpcSecurityGroups),
    },
  ];
}

function clusterEndpoints(cluster: DBCluster, groups: readonly DBSubnetGroup[]): DatabaseEndpoint[] {
  const { Endpoint: writer, ReaderEndpoint: reader } = cluster;
  const group = groups.find(({ DBSubnetGroupName }) => DBSubnetGroupName === cluster.DBSubnetGroup);
  const shared = {
    ...nameOf(cluster.DBClusterIdentifier, cluster.Engine, cluster.Status),
    port: cluster.Port ?? 0,
    databaseName: cluster.DatabaseName,
    hasTls: true,
    ...subnetGroupPlace(group),
    securityGroupIds: groupIds(cluster.VpcSecurityGroups),
  };
  const endpoints = [
    { role: "writer", host: writer },
    { role: "reader", host: reader },
  ] as const;
  return endpoints.flatMap(({ role, host }) => (host === undefined ? [] : [{ ...shared, role, host }]));
}

function nameOf(
  name = "",
  engine = "",
  status = "",
): { readonly name: string; readonly engine: string; readonly status: string } {
  return { name, engine, status };
}

interface Place {
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
}

function subnetGroupPlace(group: DBSubnetGroup | CacheSubnetGroup | undefined): Place {
  const { VpcId: vpcId = "", Subnets: subnets = [] } = group ?? {};
  return { vpcId, subnetIds: subnets.flatMap(({ SubnetIdentifier }) => SubnetIdentifier ?? []) };
}

function groupIds(groups: readonly { readonly VpcSecurityGroupId?: string | undefined }[] = []): string[] {
  return groups.flatMap(({ VpcSecurityGroupId }) => VpcSecurityGroupId ?? []);
}

async function listCaches(settings: ClientSettings): Promise<DatabaseEndpoint[]> {
  const client = new ElastiCacheClient(clientConfiguration(settings));
  settings.logCalls(client.middlewareStack);
  const all = <Page extends RdsPage>(action: string, ask: (marker: Marker) => Promise<Page>): Promise<Page[]> =>
    calling(`elasticache:${action}`, undefined, settings, () => allPages(ask));
  const [clusters, replication, subnets] = await Promise.all([
    all("DescribeCacheClusters", (marker) =>
      client.send(new DescribeCacheClustersCommand({ ...marker, ShowCacheNodeInfo: true })),
    ),
    all("DescribeReplicationGroups", (marker) => client.send(new DescribeReplicationGroupsCommand(marker))),
    all("DescribeCacheSubnetGroups", (marker) => client.send(new DescribeCacheSubnetGroupsCommand(marker))),
  ]);
  const cacheClusters = clusters.flatMap(({ CacheClusters = [] }) => CacheClusters);
  const subnetGroups = subnets.flatMap(({ CacheSubnetGroups = [] }) => CacheSubnetGroups);
  return [
    ...cacheClusters
      .filter(({ ReplicationGroupId }) => ReplicationGroupId === undefined)
      .flatMap((cluster) => cacheEndpoint(cluster, subnetGroups)),
    ...replication
      .flatMap(({ ReplicationGroups = [] }) => ReplicationGroups)
      .flatMap((group) => replicationEndpoints(group, cacheClusters, subnetGroups)),
  ];
}

function cacheEndpoint(cluster: CacheCluster, groups: readonly CacheSubnetGroup[]): DatabaseEndpoint[] {
  const endpoint = cluster.ConfigurationEndpoint ?? cluster.CacheNodes?.[0]?.Endpoint;
  return endpointAt(endpoint, {
    ...nameOf(cluster.CacheClusterId, cluster.Engine, cluster.CacheClusterStatus),
    role: "cache",
    ...cachePlace(cluster, groups),
    hasTls: cluster.TransitEncryptionEnabled ?? false,
  });
}

/** What all its clusters have in common is told by one of them only: engine, place, groups. */
function replicationEndpoints(
  group: ReplicationGroup,
  clusters: readonly CacheCluster[],
  subnetGroups: readonly CacheSubnetGroup[],
): DatabaseEndpoint[] {
  const member = clusters.find(({ ReplicationGroupId }) => ReplicationGroupId === group.ReplicationGroupId);
  const shared = {
    ...nameOf(group.ReplicationGroupId, member?.Engine ?? group.Engine ?? "redis", group.Status),
    ...cachePlace(member ?? {}, subnetGroups),
    hasTls: group.TransitEncryptionEnabled ?? false,
  };
  if (group.ConfigurationEndpoint !== undefined)
    return endpointAt(group.ConfigurationEndpoint, { ...shared, role: "cache" });
  const [node] = group.NodeGroups ?? [];
  return [
    ...endpointAt(node?.PrimaryEndpoint, { ...shared, role: "writer" }),
    ...endpointAt(node?.ReaderEndpoint, { ...shared, role: "reader" }),
  ];
}

function endpointAt(
  endpoint: Endpoint | undefined,
  rest: Omit<DatabaseEndpoint, "host" | "port" | "databaseName">,
): DatabaseEndpoint[] {
  if (endpoint?.Address === undefined) return [];
  return [{ ...rest, host: endpoint.Address, port: endpoint.Port ?? 0, databaseName: undefined }];
}

function cachePlace(
  { CacheSubnetGroupName, SecurityGroups = [] }: CacheCluster,
  groups: readonly CacheSubnetGroup[],
): Place & { readonly securityGroupIds: readonly string[] } {
  const group = groups.find((each) => each.CacheSubnetGroupName === CacheSubnetGroupName);
  return {
    ...subnetGroupPlace(group),
    securityGroupIds: SecurityGroups.flatMap(({ SecurityGroupId }) => SecurityGroupId ?? []),
  };
}
