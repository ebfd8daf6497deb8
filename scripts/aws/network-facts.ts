// EC2: the network around an instance, read for doctor.
import {
  DescribeInstancesCommand,
  DescribeNatGatewaysCommand,
  DescribeNetworkAclsCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeVpcAttributeCommand,
  DescribeVpcEndpointsCommand,
  EC2Client,
  type Instance,
  type IpPermission,
  type NetworkAcl,
  type NetworkAclEntry,
  type NetworkInterface,
  type RouteTable,
  type VpcEndpoint,
} from "@aws-sdk/client-ec2";
import type {
  AclEntryFacts,
  EndpointFacts,
  NetworkAclFacts,
  NetworkFacts,
  RuleFacts,
  SecurityGroupFacts,
} from "../command/network-facts.ts";
import { type ClientSettings, calling, clientConfiguration } from "./client-settings.ts";

/** The network of an instance; undefined if the instance is in none. */
export async function readNetworkFacts(
  instanceId: string,
  settings: ClientSettings,
): Promise<NetworkFacts | undefined> {
  const client = new EC2Client(clientConfiguration(settings));
  settings.logCalls(client.middlewareStack);
  const ask: Ask = (action, call) => calling(action, instanceId, settings, () => call(client));
  const instance = await readInstance(instanceId, ask);
  const { VpcId: vpcId, SubnetId: subnetId } = instance ?? {};
  if (instance === undefined || vpcId === undefined || subnetId === undefined) return undefined;
  const [dnsSupport, dnsHostnames, defaultRoute, endpoints, securityGroups, networkAcls] = await Promise.all([
    readDnsFlag(vpcId, "enableDnsSupport", ask),
    readDnsFlag(vpcId, "enableDnsHostnames", ask),
    readDefaultRoute(vpcId, subnetId, ask),
    readEndpoints(vpcId, ask),
    readSecurityGroups(vpcId, ask),
    readNetworkAcls(vpcId, ask),
  ]);
  return {
    vpcId,
    subnetId,
    privateAddress: instance.PrivateIpAddress ?? "",
    publicAddress: instance.PublicIpAddress,
    securityGroupIds: (instance.SecurityGroups ?? []).flatMap(({ GroupId }) => GroupId ?? []),
    dnsSupport,
    dnsHostnames,
    defaultRoute,
    endpoints,
    securityGroups,
    networkAcls,
  };
}

/** Calls EC2, and names the action if that is refused. */
type Ask = <Answer>(action: string, call: (client: EC2Client) => Promise<Answer>) => Promise<Answer>;

const inVpc = (vpcId: string) => ({ Filters: [{ Name: "vpc-id", Values: [vpcId] }] });

async function readInstance(instanceId: string, ask: Ask): Promise<Instance | undefined> {
  const command = new DescribeInstancesCommand({ Filters: [{ Name: "instance-id", Values: [instanceId] }] });
  const { Reservations } = await ask("ec2:DescribeInstances", (client) => client.send(command));
  return Reservations?.[0]?.Instances?.[0];
}

async function readDnsFlag(
  vpcId: string,
  attribute: "enableDnsSupport" | "enableDnsHostnames",
  ask: Ask,
): Promise<boolean> {
  const command = new DescribeVpcAttributeCommand({ VpcId: vpcId, Attribute: attribute });
  const answer = await ask("ec2:DescribeVpcAttribute", (client) => client.send(command));
  return (attribute === "enableDnsSupport" ? answer.EnableDnsSupport : answer.EnableDnsHostnames)?.Value === true;
}

/** A subnet without a route table of its own has the VPC's main one. */
async function readDefaultRoute(vpcId: string, subnetId: string, ask: Ask): Promise<NetworkFacts["defaultRoute"]> {
  const command = new DescribeRouteTablesCommand(inVpc(vpcId));
  const { RouteTables = [] } = await ask("ec2:DescribeRouteTables", (client) => client.send(command));
  const associated = (test: (one: NonNullable<RouteTable["Associations"]>[number]) => boolean) =>
    RouteTables.find(({ Associations = [] }) => Associations.some(test));
  const table = associated(({ SubnetId }) => SubnetId === subnetId) ?? associated(({ Main }) => Main === true);
  const route = table?.Routes?.find(({ DestinationCidrBlock }) => DestinationCidrBlock === "0.0.0.0/0");
  if (route === undefined) return undefined;
  const target = route.NatGatewayId ?? route.GatewayId ?? route.TransitGatewayId ?? route.NetworkInterfaceId;
  const natGatewayState = await readNatGatewayState(route.NatGatewayId, vpcId, ask);
  return { target: target ?? "elsewhere", isActive: route.State === "active", natGatewayState };
}

/** EC2 forgets a deleted one within the hour. */
async function readNatGatewayState(id: string | undefined, vpcId: string, ask: Ask): Promise<string | undefined> {
  if (id === undefined) return undefined;
  const command = new DescribeNatGatewaysCommand({ Filter: inVpc(vpcId).Filters });
  const { NatGateways = [] } = await ask("ec2:DescribeNatGateways", (client) => client.send(command));
  return NatGateways.find(({ NatGatewayId }) => NatGatewayId === id)?.State ?? "gone";
}

async function readEndpoints(vpcId: string, ask: Ask): Promise<EndpointFacts[]> {
  const [{ VpcEndpoints = [] }, { NetworkInterfaces = [] }] = await Promise.all([
    ask("ec2:DescribeVpcEndpoints", (client) => client.send(new DescribeVpcEndpointsCommand(inVpc(vpcId)))),
    ask("ec2:DescribeNetworkInterfaces", (client) => client.send(new DescribeNetworkInterfacesCommand(inVpc(vpcId)))),
  ]);
  return VpcEndpoints.filter(({ VpcEndpointType }) => VpcEndpointType === "Interface").map((endpoint) =>
    endpointFacts(endpoint, NetworkInterfaces),
  );
}

function endpointFacts(endpoint: VpcEndpoint, networkInterfaces: readonly NetworkInterface[]): EndpointFacts {
  const ids = endpoint.NetworkInterfaceIds ?? [];
  const own = networkInterfaces.filter(({ NetworkInterfaceId = "" }) => ids.includes(NetworkInterfaceId));
  return {
    endpointId: endpoint.VpcEndpointId ?? "",
    serviceName: endpoint.ServiceName ?? "",
    state: endpoint.State ?? "",
    hasPrivateDns: endpoint.PrivateDnsEnabled === true,
    interfaces: own.map(({ SubnetId = "", PrivateIpAddress = "" }) => ({
      subnetId: SubnetId,
      address: PrivateIpAddress,
    })),
    securityGroupIds: (endpoint.Groups ?? []).flatMap(({ GroupId }) => GroupId ?? []),
    policy: parsed(endpoint.PolicyDocument),
  };
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "{}") as unknown;
  } catch {
    return undefined;
  }
}

async function readSecurityGroups(vpcId: string, ask: Ask): Promise<Map<string, SecurityGroupFacts>> {
  const command = new DescribeSecurityGroupsCommand(inVpc(vpcId));
  const { SecurityGroups = [] } = await ask("ec2:DescribeSecurityGroups", (client) => client.send(command));
  return new Map(
    SecurityGroups.map(({ GroupId = "", IpPermissions = [], IpPermissionsEgress = [] }) => [
      GroupId,
      { ingress: IpPermissions.map(ruleFacts), egress: IpPermissionsEgress.map(ruleFacts) },
    ]),
  );
}

function ruleFacts(permission: IpPermission): RuleFacts {
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

async function readNetworkAcls(vpcId: string, ask: Ask): Promise<Map<string, NetworkAclFacts>> {
  const command = new DescribeNetworkAclsCommand(inVpc(vpcId));
  const { NetworkAcls = [] } = await ask("ec2:DescribeNetworkAcls", (client) => client.send(command));
  return new Map(
    NetworkAcls.flatMap((acl) =>
      (acl.Associations ?? []).map(({ SubnetId = "" }) => [SubnetId, aclFacts(acl)] as const),
    ),
  );
}

function aclFacts({ NetworkAclId = "", Entries = [] }: NetworkAcl): NetworkAclFacts {
  const sorted = [...Entries].sort((one, other) => (one.RuleNumber ?? 0) - (other.RuleNumber ?? 0));
  return { aclId: NetworkAclId, entries: sorted.flatMap(entryFacts) };
}

/** Those for IPv6 are left out. */
function entryFacts({ Protocol = "-1", PortRange, Egress, RuleAction, CidrBlock }: NetworkAclEntry): AclEntryFacts[] {
  if (CidrBlock === undefined) return [];
  const ports = { protocol: Protocol, from: PortRange?.From, to: PortRange?.To };
  return [{ ...ports, isEgress: Egress === true, allows: RuleAction === "allow", cidr: CidrBlock }];
}
