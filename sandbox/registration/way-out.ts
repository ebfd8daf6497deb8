// How a call of the SSM Agent leaves its subnet: through an interface endpoint, or over the internet.
import type { ConditionContext } from "../permissions/evaluate.ts";
import type { EndpointFacts, GatewayEndpointFacts, InstanceFacts, NetworkFacts, RegistrationFacts } from "./facts.ts";

/** The services that an agent needs for sessions; ec2messages is of no use to them. */
export const SERVICES = ["ssm", "ssmmessages"] as const;

/** What is called only where the account's preferences ask for it, so that an agent registers without it. */
type PreferredService = "kms" | "logs" | "s3";
export type Service = (typeof SERVICES)[number] | PreferredService;

/** A call of the agent beside those that register it. */
export interface ServiceCall {
  readonly service: PreferredService;
  readonly action: string;
  /** ARN, or `*`. */
  readonly resource: string;
  readonly context?: ConditionContext;
}

/** Facts of an instance that runs, with a role, in a subnet. */
export interface Situation extends Pick<RegistrationFacts, "instanceId" | "region" | "account"> {
  readonly instance: InstanceFacts;
  readonly role: NonNullable<RegistrationFacts["role"]>;
  readonly network: NetworkFacts;
  /** Asked about in place of the calls that register the agent. */
  readonly call?: ServiceCall;
}

export interface WayOut {
  readonly service: Service;
  /** Undefined: over the internet. */
  readonly endpoint: EndpointFacts | undefined;
  /** In place of an endpoint with addresses. */
  readonly gateway?: GatewayEndpointFacts;
}

/** The way to a service, or what is missing for one. */
export function findWayOut(service: Service, situation: Situation): WayOut | { readonly missing: string } {
  const { network, region } = situation;
  const gateway = findGateway(service, situation);
  if (gateway !== undefined) return { service, endpoint: undefined, gateway };
  const endpoint = endpointsOf(service, situation).find((each) => endpointObstacle(each) === undefined);
  const noInternet = internetObstacle(situation);
  // Without enableDnsHostnames the service's name stands for its public address, which the internet may reach.
  const isFound = endpoint !== undefined && (network.dnsHostnames || noInternet !== undefined);
  if (isFound) return { service, endpoint };
  if (noInternet === undefined) return { service, endpoint: undefined };
  return {
    missing: `no way to ${service}.${region}.amazonaws.com: ${noEndpoint(service, situation)}, and ${noInternet}`,
  };
}

function findGateway(service: Service, { network, region, instance }: Situation): GatewayEndpointFacts | undefined {
  return network.gatewayEndpoints.find(
    ({ serviceName, state, subnetIds }) =>
      serviceName === `com.amazonaws.${region}.${service}` &&
      state === "available" &&
      subnetIds.includes(instance.subnetId),
  );
}

function endpointsOf(service: Service, { network, region }: Situation): readonly EndpointFacts[] {
  return network.endpoints.filter(({ serviceName }) => serviceName === `com.amazonaws.${region}.${service}`);
}

/** Why the service's own name does not lead to this endpoint. */
function endpointObstacle({ endpointId, state, privateDnsEnabled, interfaces }: EndpointFacts): string | undefined {
  if (state !== "available") return `its endpoint "${endpointId}" is ${state}`;
  if (interfaces.length === 0) return `its endpoint "${endpointId}" is in no subnet`;
  return privateDnsEnabled ? undefined : `its endpoint "${endpointId}" has no private DNS name`;
}

function noEndpoint(service: Service, situation: Situation): string {
  const [endpoint] = endpointsOf(service, situation);
  const kind = service === "s3" ? "endpoint on the way from its subnet" : "interface endpoint for it";
  const none = `VPC "${situation.network.vpcId}" has no ${kind}`;
  return (endpoint && endpointObstacle(endpoint)) ?? none;
}

function internetObstacle({ instanceId, instance, network }: Situation): string | undefined {
  const route = network.subnets.get(instance.subnetId)?.defaultRoute;
  if (route === undefined) return `subnet "${instance.subnetId}" has no route to the internet`;
  if (route.state !== "active") return `the route to "${route.target}" is a ${route.state}`;
  if (route.target.startsWith("nat-")) return natObstacle(route.target, network);
  if (!route.target.startsWith("igw-")) return `where the route to "${route.target}" ends is not modelled`;
  return instance.publicIpAddress === undefined ? `instance "${instanceId}" has no public address` : undefined;
}

function natObstacle(natGatewayId: string, network: NetworkFacts): string | undefined {
  const gateway = network.natGateways.get(natGatewayId);
  if (gateway?.state !== "available") return `NAT gateway "${natGatewayId}" is ${gateway?.state ?? "gone"}`;
  const route = network.subnets.get(gateway.subnetId)?.defaultRoute;
  const isOnline = gateway.isPublic && route?.state === "active" && route.target.startsWith("igw-");
  return isOnline ? undefined : `NAT gateway "${natGatewayId}" has itself no route to the internet`;
}

/** What keeps the service's name from being resolved to where the way leads. */
export function findDnsFault({ endpoint }: WayOut, { network }: Situation): string | undefined {
  const { vpcId, dnsSupport, dnsHostnames } = network;
  if (!dnsSupport) return `VPC "${vpcId}" resolves no names: enableDnsSupport is off`;
  if (endpoint === undefined || dnsHostnames) return undefined;
  return `VPC "${vpcId}" does not resolve the private DNS name of "${endpoint.endpointId}": enableDnsHostnames is off`;
}
