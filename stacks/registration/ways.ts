// How the calls to one service leave the subnet: by an endpoint of the VPC, or over the internet.
import { broken, held, outside, type Finding } from "./finding.ts";
import { findInternetWay, routeTableOf, type Place } from "./place.ts";
import { listOf, type Block, type TerraformModel } from "./terraform-model.ts";

/** A way, as far as the stack has it. */
export type Way =
  | { readonly kind: "interface" | "gateway"; readonly endpoint: Block }
  | { readonly kind: "internet" }
  /** Through something that is none of the stack's. */
  | { readonly kind: "outside" };

export interface WayFinding {
  readonly finding: Finding;
  readonly way: Way;
}

/** The way to a service, as AWS's own resolver would choose it: an endpoint with a private name hides the public one. */
export function findWay(service: string, place: Place, model: TerraformModel): WayFinding {
  const endpoints = model.resources("aws_vpc_endpoint").filter((endpoint) => serviceOf(endpoint, model) === service);
  const endpoint = endpoints.find((each) => obstacleOf(each, place, model) === undefined);
  const internet = findInternetWay(place, model);
  const hasInternet = "restsOn" in internet;
  // Without enableDnsHostnames the service's name stands for its public address, which the internet may reach.
  if (endpoint !== undefined && !(hasInternet && hidesNothing(endpoint, place)))
    return {
      way: { kind: isGateway(endpoint) ? "gateway" : "interface", endpoint },
      finding: endpointFinding(endpoint, place, model),
    };
  if (hasInternet) return { way: { kind: "internet" }, finding: held(...internet.restsOn) };
  const [first] = endpoints;
  if (place.vpc === undefined && first === undefined)
    return {
      way: { kind: "outside" },
      finding: outside(`the way to ${service}, by an endpoint or a route that is there`),
    };
  const noEndpoint = first && obstacleOf(first, place, model);
  const cure = `add an aws_vpc_endpoint for ${service} with private DNS names, or a route to a NAT gateway`;
  const finding = broken(
    "way-out",
    `no way to ${service}: ${noEndpoint ?? "the VPC has no endpoint for it"}, and ${internet.obstacle}`,
    cure,
  );
  return { way: { kind: "outside" }, finding };
}

function hidesNothing(endpoint: Block, { vpc }: Place): boolean {
  return !isGateway(endpoint) && vpc !== undefined && vpc.arguments["enable_dns_hostnames"] !== true;
}

const isGateway = ({ arguments: { vpc_endpoint_type: type } }: Block): boolean => (type ?? "Gateway") === "Gateway";

/** `ssm`, by the data source that looks the name up, or by the end of the name. */
export function serviceOf({ arguments: { service_name: name } }: Block, model: TerraformModel): string | undefined {
  const pointer = model.pointer(name);
  const offer = pointer?.kind === "data" ? pointer.block.arguments : {};
  const text = offer["service"] ?? offer["service_name"] ?? (pointer?.kind === "outside" ? pointer.text : undefined);
  return typeof text === "string" ? text.split(".").at(-1) : undefined;
}

/** Why the service's own name does not lead to this endpoint. */
function obstacleOf(endpoint: Block, place: Place, model: TerraformModel): string | undefined {
  const { address, arguments: own } = endpoint;
  if (model.text(own["vpc_id"]) !== place.vpcId) return `${address} is not in the instance's VPC`;
  if (isGateway(endpoint)) return gatewayObstacle(endpoint, place, model);
  if (own["vpc_endpoint_type"] !== "Interface") return `${address} is no interface endpoint`;
  const subnets = listOf(own["subnet_ids"]).map((id) => model.pointer(id));
  if (subnets.length === 0) return `${address} is in no subnet`;
  const missing = subnets.find((subnet) => subnet?.kind === "undeclared");
  if (missing?.kind === "undeclared") return `a subnet of ${address}, ${missing.text}, is not in the stack`;
  return own["private_dns_enabled"] === true ? undefined : `${address} has no private DNS name`;
}

/** Only S3 and DynamoDB have gateways; for all else it is an interface endpoint whose type was forgotten. */
function gatewayObstacle(endpoint: Block, { subnet }: Place, model: TerraformModel): string | undefined {
  const service = serviceOf(endpoint, model);
  if (service !== "s3" && service !== "dynamodb") return `${endpoint.address} is no interface endpoint`;
  if (subnet === undefined) return undefined;
  const found = routeTableOf(subnet, model);
  const tables = listOf(endpoint.arguments["route_table_ids"]).map((id) => model.resource(id, "aws_route_table"));
  if (found !== undefined && tables.includes(found.table)) return undefined;
  return `the route table of ${subnet.address} does not lead to ${endpoint.address}`;
}

function endpointFinding(endpoint: Block, { subnet }: Place, model: TerraformModel): Finding {
  if (!isGateway(endpoint)) return held([endpoint]);
  const association = subnet && routeTableOf(subnet, model)?.association;
  return association === undefined
    ? outside(`whether the instance's route table leads to ${endpoint.address}`)
    : held([endpoint], [association]);
}

/** Whether the VPC resolves the service's name to where the way leads. */
export function judgeDns(way: Way, { vpc }: Place): Finding {
  if (vpc === undefined) return outside("the DNS attributes of the VPC");
  const { enable_dns_support: support = true, enable_dns_hostnames: hostnames = false } = vpc.arguments;
  if (support !== true)
    return broken(
      "dns",
      `${vpc.address} resolves no names: enable_dns_support is off`,
      "set enable_dns_support to true",
    );
  if (way.kind !== "interface" || hostnames === true) return held();
  const met = `${vpc.address} does not resolve the private DNS name of ${way.endpoint.address}: enable_dns_hostnames is off`;
  return broken("dns", met, "set enable_dns_hostnames to true");
}
