// What stands between an instance and the SSM Agent's services: security groups and network ACLs.
import { ANYWHERE, contains, HTTPS_PORT, includesTcpPort } from "./addresses.ts";
import type { AclEntry, EndpointInterface, GatewayEndpointFacts, NetworkFacts, SecurityGroupRule } from "./facts.ts";
import type { Situation, WayOut } from "./way-out.ts";

/** The first and the last port that Linux gives to a connection it opens; answers come back to it. */
const REPLY_PORTS = [32_768, 60_999];

/** Somebody on the other side of a rule, and the port that is asked for. */
export interface Peer {
  readonly address: string;
  readonly securityGroupIds: readonly string[];
  readonly port: number;
}

/** Why the instance's security groups do not let the agent out. */
export function findEgressFault(
  { endpoint, gateway }: WayOut,
  { instanceId, instance, network }: Situation,
): string | undefined {
  const rules = instance.securityGroupIds.flatMap((id) => network.securityGroups.get(id)?.egress ?? []);
  const securityGroupIds = endpoint?.securityGroupIds ?? [];
  const addresses = endpoint?.interfaces.map((each) => each.privateIpAddress) ?? [ANYWHERE];
  if (gateway !== undefined && letOutToGateway(rules, gateway)) return undefined;
  if (addresses.some((address) => permits(rules, { address, securityGroupIds, port: HTTPS_PORT }, network)))
    return undefined;
  const to = endpoint === undefined ? ANYWHERE : `"${endpoint.endpointId}" (${addresses.join(", ")})`;
  return `${groups(instance.securityGroupIds)} of "${instanceId}" let nothing out to port ${HTTPS_PORT} of ${to}`;
}

/** A gateway's service has many addresses, which its prefix list names. */
function letOutToGateway(rules: readonly SecurityGroupRule[], { prefixListId }: GatewayEndpointFacts): boolean {
  return rules.some((rule) => rule.prefixListIds.includes(prefixListId) && includesTcpPort(rule, HTTPS_PORT));
}

/** Why the endpoint's security groups do not let the agent in. */
export function findIngressFault(
  { endpoint }: WayOut,
  { instanceId, instance, network }: Situation,
): string | undefined {
  if (endpoint === undefined) return undefined;
  const rules = endpoint.securityGroupIds.flatMap((id) => network.securityGroups.get(id)?.ingress ?? []);
  const { privateIpAddress: address, securityGroupIds } = instance;
  if (permits(rules, { address, securityGroupIds, port: HTTPS_PORT }, network)) return undefined;
  const by = `${groups(endpoint.securityGroupIds)} of "${endpoint.endpointId}"`;
  return `${by} let nothing in to port ${HTTPS_PORT} from "${instanceId}" (${address})`;
}

/** Whether one of the rules of security groups speaks of this peer. */
export function permits(
  rules: readonly SecurityGroupRule[],
  peer: Peer,
  { prefixLists }: Pick<NetworkFacts, "prefixLists">,
): boolean {
  return rules.some((rule) => {
    const cidrs = [...rule.cidrs, ...rule.prefixListIds.flatMap((id) => prefixLists.get(id) ?? [])];
    const isForPeer =
      cidrs.some((cidr) => contains(cidr, peer.address)) ||
      rule.securityGroupIds.some((id) => peer.securityGroupIds.includes(id));
    return isForPeer && includesTcpPort(rule, peer.port);
  });
}

function groups(ids: readonly string[]): string {
  return `the security groups ${ids.map((id) => `"${id}"`).join(", ") || "(none)"}`;
}

/** Why the subnets' network ACLs keep the agent's calls or their answers back. */
export function findAclFault({ endpoint }: WayOut, situation: Situation): string | undefined {
  const faults = (endpoint?.interfaces ?? [undefined]).map((each) => aclFault(each, situation, HTTPS_PORT));
  return faults.includes(undefined) ? undefined : faults[0]; // one address that answers is enough
}

/** Toward one network interface, or, undefined, toward the internet. */
export function aclFault(
  destination: EndpointInterface | undefined,
  { instance, network }: Pick<Situation, "instance" | "network">,
  port: number,
): string | undefined {
  if (destination?.subnetId === instance.subnetId) return undefined; // an ACL guards the border of a subnet
  const near = { ...acl(instance.subnetId, network), peer: destination?.privateIpAddress ?? ANYWHERE };
  const far = destination && { ...acl(destination.subnetId, network), peer: instance.privateIpAddress };
  const crossings = [
    { ...near, isEgress: true, ports: [port] },
    { ...near, isEgress: false, ports: REPLY_PORTS },
    ...(far === undefined ? [] : [{ ...far, isEgress: false, ports: [port] }]),
    ...(far === undefined ? [] : [{ ...far, isEgress: true, ports: REPLY_PORTS }]),
  ];
  const closed = crossings.find((crossing) => !crossing.ports.every((each) => lets(crossing, each)));
  if (closed === undefined) return undefined;
  const way = closed.isEgress ? "out to" : "in from";
  return `network ACL "${closed.id}" does not let port ${closed.ports.join(" to ")} ${way} ${closed.peer}`;
}

function acl(subnetId: string, { subnets }: NetworkFacts): { id: string; entries: readonly AclEntry[] } {
  const subnet = subnets.get(subnetId);
  return { id: subnet?.aclId ?? "", entries: subnet?.aclEntries ?? [] };
}

interface Crossing {
  readonly entries: readonly AclEntry[];
  readonly peer: string;
  readonly isEgress: boolean;
}

/** The first entry that fits decides; what none fits is denied. */
function lets({ entries, peer, isEgress }: Crossing, port: number): boolean {
  const fits = (entry: AclEntry): boolean =>
    entry.isEgress === isEgress && contains(entry.cidr, peer) && includesTcpPort(entry, port);
  return entries.find(fits)?.allows ?? false;
}
