// Fetches one VPC: its DNS flags, subnets, routes, endpoints and firewalls.
import {
  DescribeNatGatewaysCommand,
  DescribeNetworkAclsCommand,
  DescribeNetworkInterfacesCommand,
  DescribePrefixListsCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcAttributeCommand,
  DescribeVpcEndpointsCommand,
  GetManagedPrefixListEntriesCommand,
  type EC2Client,
  type IpPermission,
  type NetworkAcl,
  type NetworkAclEntry,
  type NetworkInterface,
  type RouteTable,
  type SecurityGroup,
  type VpcEndpoint,
} from "@aws-sdk/client-ec2";
import type {
  AclEntry,
  DefaultRoute,
  EndpointFacts,
  GatewayEndpointFacts,
  NatGatewayFacts,
  NetworkFacts,
  SecurityGroupFacts,
  SecurityGroupRule,
  SubnetFacts,
} from "./facts.ts";

/** Undefined if there is no subnet in the VPC, or no VPC. */
export async function readNetwork(ec2: EC2Client, vpcId: string): Promise<NetworkFacts | undefined> {
  const subnets = await readSubnets(ec2, vpcId);
  if (subnets.size === 0) return undefined;
  const [dnsSupport, dnsHostnames, endpoints, gatewayEndpoints, natGateways, securityGroups] = await Promise.all([
    readDnsFlag(ec2, vpcId, "enableDnsSupport"),
    readDnsFlag(ec2, vpcId, "enableDnsHostnames"),
    readEndpoints(ec2, vpcId),
    readGatewayEndpoints(ec2, vpcId),
    readNatGateways(ec2, vpcId),
    readSecurityGroups(ec2, vpcId),
  ]);
  const prefixLists = await readPrefixLists(ec2, securityGroups);
  const firewalls = { securityGroups, prefixLists };
  return { vpcId, dnsSupport, dnsHostnames, subnets, endpoints, gatewayEndpoints, natGateways, ...firewalls };
}

async function readDnsFlag(
  ec2: EC2Client,
  vpcId: string,
  attribute: "enableDnsSupport" | "enableDnsHostnames",
): Promise<boolean> {
  const answer = await ec2.send(new DescribeVpcAttributeCommand({ VpcId: vpcId, Attribute: attribute }));
  return (attribute === "enableDnsSupport" ? answer.EnableDnsSupport : answer.EnableDnsHostnames)?.Value ?? false;
}

async function readSubnets(ec2: EC2Client, vpcId: string): Promise<Map<string, SubnetFacts>> {
  const Filters = inVpc(vpcId);
  const [{ Subnets = [] }, { RouteTables = [] }, { NetworkAcls = [] }] = await Promise.all([
    ec2.send(new DescribeSubnetsCommand({ Filters })),
    ec2.send(new DescribeRouteTablesCommand({ Filters })),
    ec2.send(new DescribeNetworkAclsCommand({ Filters })),
  ]);
  const facts = Subnets.map(({ SubnetId = "" }): [string, SubnetFacts] => {
    const acl = NetworkAcls.find((each) => each.Associations?.some((one) => one.SubnetId === SubnetId));
    const defaultRoute = findDefaultRoute(SubnetId, RouteTables);
    return [SubnetId, { defaultRoute, aclEntries: aclEntries(acl), aclId: acl?.NetworkAclId ?? "" }];
  });
  return new Map(facts);
}

/** A subnet without a route table of its own has the VPC's main one. */
function routeTableOf(subnetId: string, tables: readonly RouteTable[]): RouteTable | undefined {
  return (
    tables.find((each) => each.Associations?.some((one) => one.SubnetId === subnetId)) ??
    tables.find((each) => each.Associations?.some((one) => one.Main))
  );
}

function findDefaultRoute(subnetId: string, tables: readonly RouteTable[]): DefaultRoute | undefined {
  const route = routeTableOf(subnetId, tables)?.Routes?.find((each) => each.DestinationCidrBlock === "0.0.0.0/0");
  if (route === undefined) return undefined;
  const ids = [
    route.NatGatewayId,
    route.GatewayId,
    route.TransitGatewayId,
    route.VpcPeeringConnectionId,
    route.NetworkInterfaceId,
  ];
  return { target: ids.find((id) => id !== undefined) ?? "unknown", state: route.State ?? "" };
}

function aclEntries(acl: NetworkAcl | undefined): AclEntry[] {
  const number = ({ RuleNumber = 0 }: NetworkAclEntry): number => RuleNumber;
  return [...(acl?.Entries ?? [])]
    .sort((one, other) => number(one) - number(other))
    .map(({ Protocol = "-1", PortRange, Egress, RuleAction, CidrBlock = "" }) => ({
      protocol: Protocol,
      from: PortRange?.From,
      to: PortRange?.To,
      isEgress: Egress === true,
      allows: RuleAction === "allow",
      cidr: CidrBlock,
    }));
}

async function readEndpoints(ec2: EC2Client, vpcId: string): Promise<EndpointFacts[]> {
  const Filters = inVpc(vpcId);
  const [{ VpcEndpoints = [] }, { NetworkInterfaces = [] }] = await Promise.all([
    ec2.send(new DescribeVpcEndpointsCommand({ Filters })),
    ec2.send(new DescribeNetworkInterfacesCommand({ Filters })),
  ]);
  const interfaces = VpcEndpoints.filter((endpoint) => endpoint.VpcEndpointType === "Interface");
  return interfaces.map((endpoint) => endpointFacts(endpoint, NetworkInterfaces));
}

function endpointFacts(endpoint: VpcEndpoint, networkInterfaces: readonly NetworkInterface[]): EndpointFacts {
  const own = networkInterfaces.filter(({ NetworkInterfaceId = "" }) =>
    endpoint.NetworkInterfaceIds?.includes(NetworkInterfaceId),
  );
  return {
    endpointId: endpoint.VpcEndpointId ?? "",
    serviceName: endpoint.ServiceName ?? "",
    state: endpoint.State ?? "",
    privateDnsEnabled: endpoint.PrivateDnsEnabled ?? false,
    interfaces: own.map(({ SubnetId = "", PrivateIpAddress = "" }) => ({
      subnetId: SubnetId,
      privateIpAddress: PrivateIpAddress,
    })),
    securityGroupIds: (endpoint.Groups ?? []).flatMap(({ GroupId }) => GroupId ?? []),
    policyDocument: JSON.parse(endpoint.PolicyDocument ?? "{}"),
  };
}

async function readGatewayEndpoints(ec2: EC2Client, vpcId: string): Promise<GatewayEndpointFacts[]> {
  const Filters = inVpc(vpcId);
  const { VpcEndpoints = [] } = await ec2.send(new DescribeVpcEndpointsCommand({ Filters }));
  const gateways = VpcEndpoints.filter((endpoint) => endpoint.VpcEndpointType === "Gateway");
  if (gateways.length === 0) return [];
  const [{ Subnets = [] }, { RouteTables = [] }, { PrefixLists = [] }] = await Promise.all([
    ec2.send(new DescribeSubnetsCommand({ Filters })),
    ec2.send(new DescribeRouteTablesCommand({ Filters })),
    ec2.send(new DescribePrefixListsCommand({})),
  ]);
  const tableOf = (subnetId: string): string => routeTableOf(subnetId, RouteTables)?.RouteTableId ?? "";
  return gateways.map(({ VpcEndpointId = "", ServiceName = "", State = "", PolicyDocument, RouteTableIds = [] }) => ({
    endpointId: VpcEndpointId,
    serviceName: ServiceName,
    state: State,
    subnetIds: Subnets.flatMap(({ SubnetId = "" }) => (RouteTableIds.includes(tableOf(SubnetId)) ? [SubnetId] : [])),
    prefixListId: PrefixLists.find(({ PrefixListName }) => PrefixListName === ServiceName)?.PrefixListId ?? "",
    policyDocument: JSON.parse(PolicyDocument ?? "{}") as unknown,
  }));
}

async function readNatGateways(ec2: EC2Client, vpcId: string): Promise<Map<string, NatGatewayFacts>> {
  const { NatGateways = [] } = await ec2.send(new DescribeNatGatewaysCommand({ Filter: inVpc(vpcId) }));
  const facts = NatGateways.map((gateway): [string, NatGatewayFacts] => [
    gateway.NatGatewayId ?? "",
    {
      state: gateway.State ?? "",
      subnetId: gateway.SubnetId ?? "",
      isPublic: gateway.ConnectivityType !== "private",
    },
  ]);
  return new Map(facts);
}

async function readSecurityGroups(ec2: EC2Client, vpcId: string): Promise<Map<string, SecurityGroupFacts>> {
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters: inVpc(vpcId) }));
  const facts = ({ IpPermissions = [], IpPermissionsEgress = [] }: SecurityGroup): SecurityGroupFacts => ({
    ingress: IpPermissions.map(securityGroupRule),
    egress: IpPermissionsEgress.map(securityGroupRule),
  });
  return new Map(SecurityGroups.map((group) => [group.GroupId ?? "", facts(group)]));
}

function securityGroupRule(permission: IpPermission): SecurityGroupRule {
  const { IpProtocol = "-1", FromPort, ToPort, IpRanges = [], UserIdGroupPairs = [], PrefixListIds = [] } = permission;
  return {
    protocol: IpProtocol,
    from: FromPort,
    to: ToPort,
    cidrs: IpRanges.flatMap(({ CidrIp }) => CidrIp ?? []),
    securityGroupIds: UserIdGroupPairs.flatMap(({ GroupId }) => GroupId ?? []),
    prefixListIds: PrefixListIds.flatMap(({ PrefixListId }) => PrefixListId ?? []),
  };
}

async function readPrefixLists(
  ec2: EC2Client,
  groups: ReadonlyMap<string, SecurityGroupFacts>,
): Promise<Map<string, readonly string[]>> {
  const rules = [...groups.values()].flatMap(({ ingress, egress }) => [...ingress, ...egress]);
  const ids = new Set(rules.flatMap(({ prefixListIds }) => prefixListIds));
  const lists = [...ids].map(async (PrefixListId): Promise<[string, string[]]> => {
    const { Entries = [] } = await ec2.send(new GetManagedPrefixListEntriesCommand({ PrefixListId }));
    return [PrefixListId, Entries.flatMap(({ Cidr }) => Cidr ?? [])];
  });
  return new Map(await Promise.all(lists));
}

function inVpc(vpcId: string): { Name: string; Values: string[] }[] {
  return [{ Name: "vpc-id", Values: [vpcId] }];
}
