// Judges the way from an instance to Session Manager, link by link; the first fault of each is told.
import type { AclEntryFacts, EndpointFacts, NetworkFacts, RuleFacts } from "../command/network-facts.ts";
import { ANYWHERE, HTTPS_PORT, holds, includesPort } from "./addresses.ts";
import { AGENT_ACTIONS, AGENT_SERVICES, type AgentService } from "./agent-calls.ts";
import { type Finding, broken, ok, unsure } from "./check.ts";
import { judgeEndpointPolicy } from "./endpoint-policy.ts";

/** How the calls to one service leave: by an endpoint of the VPC, or over the internet. */
interface Way {
  readonly service: AgentService;
  readonly endpoint: EndpointFacts | undefined;
}

/** The links, in the order in which an agent would miss them. */
export interface NetworkFindings {
  readonly "way out": Finding;
  readonly dns: Finding;
  readonly "instance security groups": Finding;
  readonly "endpoint security groups": Finding;
  readonly "endpoint policies": Finding;
  readonly "network acls": Finding;
}

export interface NetworkQuestion {
  readonly network: NetworkFacts;
  readonly region: string;
  readonly roleArn: string;
}

/** Findings of all links; those behind a broken one mean nothing, and are not to be shown. */
export function judgeNetwork(question: NetworkQuestion): NetworkFindings {
  const { network, region } = question;
  const ways = AGENT_SERVICES.map((service) => findWay(service, question));
  return {
    "way out": judgeWays(ways, network, region),
    dns: judgeDns(ways, network),
    "instance security groups": first(ways, (way) => judgeEgress(way, network)),
    "endpoint security groups": first(ways, (way) => judgeIngress(way, network)),
    "endpoint policies": first(ways, (way) => judgePolicy(way, question)),
    "network acls": first(ways, (way) => judgeAcls(way, network)),
  };
}

/** The first finding that is not ok, else the first one of all. */
function first(ways: readonly Way[], judge: (way: Way) => Finding): Finding {
  const findings = ways.map(judge);
  return findings.find(({ verdict }) => verdict !== "ok") ?? findings[0] ?? ok("nothing to look at");
}

function findWay(service: AgentService, { network, region }: NetworkQuestion): Way {
  const endpoint = endpointsOf(service, network, region).find((candidate) => faultOf(candidate) === undefined);
  return { service, endpoint };
}

function endpointsOf(service: AgentService, { endpoints }: NetworkFacts, region: string): readonly EndpointFacts[] {
  return endpoints.filter(({ serviceName }) => serviceName.endsWith(`.${region}.${service}`));
}

function faultOf({ endpointId, state, hasPrivateDns, interfaces }: EndpointFacts): string | undefined {
  if (state.toLowerCase() !== "available") return `endpoint ${endpointId} is ${state}`;
  if (interfaces.length === 0) return `endpoint ${endpointId} is in no subnet`;
  return hasPrivateDns ? undefined : `endpoint ${endpointId} has no private DNS name`;
}

function judgeWays(ways: readonly Way[], network: NetworkFacts, region: string): Finding {
  const lacking = ways.find(({ endpoint }) => endpoint === undefined);
  const ids = ways.map(({ endpoint }) => endpoint?.endpointId ?? "the internet").join(", ");
  if (lacking === undefined) return ok(`by ${ids}`);
  const { service } = lacking;
  const fault = endpointsOf(service, network, region).map(faultOf)[0] ?? `VPC ${network.vpcId} has no endpoint for it`;
  const name = `${service}.${region}.amazonaws.com`;
  const cure = `add an interface endpoint with private DNS for ${service}, or deploy the stack again: npx cdktf deploy`;
  const routeFault = faultOfRoute(network);
  if (routeFault !== undefined) return broken(`no way to ${name}: ${fault}, and ${routeFault}`, cure);
  return ok(`by ${ids}, through ${network.defaultRoute?.target ?? ""}`);
}

/** What keeps the subnet's route from leading the instance to the internet. */
function faultOfRoute({ defaultRoute, publicAddress, subnetId }: NetworkFacts): string | undefined {
  if (defaultRoute === undefined) return `subnet ${subnetId} has no route to the internet`;
  const { target, isActive, natGatewayState: state } = defaultRoute;
  if (!isActive) return `the route to ${target} leads nowhere`;
  if (state !== undefined && state !== "available") return `NAT gateway ${target} is ${state}`;
  const needsAddress = target.startsWith("igw-") && publicAddress === undefined;
  return needsAddress ? `the instance has no public address for ${target}` : undefined;
}

function judgeDns(ways: readonly Way[], { vpcId, dnsSupport, dnsHostnames }: NetworkFacts): Finding {
  const switchOn = (flag: string): string =>
    `aws ec2 modify-vpc-attribute --vpc-id ${vpcId} --enable-dns-${flag} '{"Value":true}'`;
  if (!dnsSupport) return broken(`VPC ${vpcId} resolves no names: enableDnsSupport is off`, switchOn("support"));
  const endpoint = ways.find((way) => way.endpoint !== undefined)?.endpoint;
  if (dnsHostnames || endpoint === undefined) return ok(`VPC ${vpcId} resolves the services' names`);
  const met = `VPC ${vpcId} does not resolve the private name of ${endpoint.endpointId}: enableDnsHostnames is off`;
  return broken(met, switchOn("hostnames"));
}

/** Somebody on the other side of a rule. */
interface Peer {
  readonly address: string;
  readonly securityGroupIds: readonly string[];
}

function judgeEgress({ endpoint, service }: Way, network: NetworkFacts): Finding {
  const rules = network.securityGroupIds.flatMap((id) => network.securityGroups.get(id)?.egress ?? []);
  const peers = (endpoint?.interfaces ?? [{ address: ANYWHERE }]).map(({ address }) => ({
    address,
    securityGroupIds: endpoint?.securityGroupIds ?? [],
  }));
  const groups = network.securityGroupIds.join(", ");
  const to = endpoint === undefined ? ANYWHERE : `${endpoint.endpointId} (${service})`;
  return judgeRules(rules, peers, {
    good: `${groups} let the agent out to port ${HTTPS_PORT}`,
    bad: `${groups} of the instance let nothing out to port ${HTTPS_PORT} of ${to}`,
    cure: `allow TCP ${HTTPS_PORT} out to ${endpoint === undefined ? ANYWHERE : "the endpoints' security groups"}`,
  });
}

function judgeIngress({ endpoint, service }: Way, network: NetworkFacts): Finding {
  if (endpoint === undefined) return ok("no endpoint stands in between");
  const rules = endpoint.securityGroupIds.flatMap((id) => network.securityGroups.get(id)?.ingress ?? []);
  const { privateAddress: address, securityGroupIds } = network;
  const groups = endpoint.securityGroupIds.join(", ");
  return judgeRules(rules, [{ address, securityGroupIds }], {
    good: `${groups} let the agent in to port ${HTTPS_PORT}`,
    bad: `${groups} of ${endpoint.endpointId} (${service}) let nothing in to port ${HTTPS_PORT} from ${address}`,
    cure: `allow TCP ${HTTPS_PORT} in from ${securityGroupIds.join(", ")}`,
  });
}

/** One address of the peer's that can be reached is enough: an endpoint has one in each of its subnets. */
function judgeRules(
  rules: readonly RuleFacts[],
  peers: readonly Peer[],
  { good, bad, cure }: { readonly good: string; readonly bad: string; readonly cure: string },
): Finding {
  const open = rules.filter((rule) => includesPort(rule, HTTPS_PORT));
  const permits = ({ cidrs, securityGroupIds }: RuleFacts): boolean =>
    peers.some(
      (peer) =>
        cidrs.some((cidr) => holds(cidr, peer.address)) ||
        securityGroupIds.some((id) => peer.securityGroupIds.includes(id)),
    );
  if (open.some(permits)) return ok(good);
  const lists = open.flatMap(({ prefixListIds }) => prefixListIds);
  if (lists.length > 0) return unsure(`whether ${lists.join(", ")} hold the way to the service is not looked up`);
  return broken(bad, cure);
}

function judgePolicy({ endpoint, service }: Way, { roleArn }: NetworkQuestion): Finding {
  if (endpoint === undefined) return ok("no endpoint stands in between");
  const verdicts = AGENT_ACTIONS[service].map((action) => ({
    action,
    verdict: judgeEndpointPolicy(endpoint.policy, action, roleArn),
  }));
  const refused = verdicts.find(({ verdict }) => verdict === "refused");
  if (refused !== undefined) {
    const met = `the policy of ${endpoint.endpointId} does not let ${refused.action} of ${roleArn} through`;
    return broken(met, `allow ${refused.action} there, or deploy the stack again: npx cdktf deploy`);
  }
  const open = verdicts.find(({ verdict }) => verdict === undefined);
  if (open === undefined) return ok("the endpoints' policies let the agent's calls through");
  return unsure(`whether the policy of ${endpoint.endpointId} lets ${open.action} through depends on its conditions`);
}

/** The first and the last port that Linux gives to a connection it opens; answers come back to it. */
const REPLY_PORTS = [32_768, 60_999] as const;

function judgeAcls({ endpoint }: Way, network: NetworkFacts): Finding {
  const { subnetId, privateAddress } = network;
  const there = endpoint?.interfaces ?? [{ subnetId: undefined, address: ANYWHERE }];
  const faults = there.map((end) => {
    if (end.subnetId === subnetId) return undefined; // within a subnet no network ACL is asked
    const near = aclFault(subnetId, { peer: end.address, isClient: true }, network);
    if (near !== undefined || end.subnetId === undefined) return near;
    return aclFault(end.subnetId, { peer: privateAddress, isClient: false }, network);
  });
  // An endpoint has an address in each of its subnets; which one the agent is given is chance, so each must be open.
  const fault = faults.find((each) => each !== undefined);
  if (fault === undefined) return ok("the subnets' network ACLs let calls and answers pass");
  return broken(fault, "let TCP 443 and the answers' ports 1024 to 65535 pass, both ways");
}

interface Side {
  readonly peer: string;
  /** Whether calls go out of this subnet, or come in. */
  readonly isClient: boolean;
}

function aclFault(subnetId: string, { peer, isClient }: Side, { networkAcls }: NetworkFacts): string | undefined {
  const acl = networkAcls.get(subnetId);
  if (acl === undefined) return undefined;
  const lets = (isEgress: boolean, port: number): boolean => decides(acl.entries, { isEgress, peer, port });
  if (!lets(isClient, HTTPS_PORT)) return `network ACL ${acl.aclId} of ${subnetId} stops port ${HTTPS_PORT}`;
  const stopped = REPLY_PORTS.find((port) => !lets(!isClient, port));
  return stopped === undefined ? undefined : `network ACL ${acl.aclId} of ${subnetId} stops answers to port ${stopped}`;
}

/** The first entry that fits decides; what none fits is denied. */
function decides(
  entries: readonly AclEntryFacts[],
  { isEgress, peer, port }: { readonly isEgress: boolean; readonly peer: string; readonly port: number },
): boolean {
  const fits = (entry: AclEntryFacts): boolean =>
    entry.isEgress === isEgress && holds(entry.cidr, peer) && includesPort(entry, port);
  return entries.find(fits)?.allows ?? false;
}
