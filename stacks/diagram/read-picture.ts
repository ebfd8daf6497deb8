// Reads from a synthesized stack what a picture of its network shows.
import { ANYWHERE, routeTableOf } from "../registration/place.ts";
import { withPrimaryInterface } from "../registration/primary-interface.ts";
import { listOf, nestedBlocks, TerraformModel, type Block, type StackJson } from "../registration/terraform-model.ts";
import type { Arrow, End, Picture, Thing } from "./picture.ts";
import { readSubnets, readVpc } from "./read-frames.ts";
import {
  AWS,
  EXISTING_ENDPOINTS,
  endpointsIn,
  gatewayEndpoints,
  isForTarget,
  readThings,
  rowIdOf,
  rulesOf,
} from "./read-things.ts";

/** The picture; undefined for a stack without a VPC. */
export function readPicture(json: StackJson): Picture | undefined {
  const model = new TerraformModel(json);
  const vpc = readVpc(model);
  if (vpc === undefined) return undefined;
  const instances = model.resources("aws_instance").map((instance) => withPrimaryInterface(instance, model));
  const subnets = readSubnets(instances, model);
  const things = readThings({ vpc, subnets }, instances, model);
  const rules = instances.flatMap((instance) => ruleArrows(instance, things, model));
  return { vpc, subnets, things, arrows: [...rules, ...routeArrows(things, model)] };
}

/** An arrow for each rule that lets the instance out, to each of what it lets out to. */
function ruleArrows(instance: Block, things: readonly Thing[], model: TerraformModel): Arrow[] {
  const rules = rulesOf("egress", listOf(instance.arguments["vpc_security_group_ids"]), model);
  return rules.flatMap((rule) =>
    destinationsOf(rule, instance, things, model).map((to) => ({
      from: { thing: instance.address },
      to,
      label: portsOf(rule),
      kind: "rule" as const,
    })),
  );
}

function portsOf({ arguments: { ip_protocol: protocol, from_port: from, to_port: to } }: Block): string {
  if (protocol === "-1") return "all";
  return `${String(protocol)} ${from === to ? String(from) : `${String(from)}-${String(to)}`}`;
}

/** Where the rule lets the instance out to, among the things of the picture. */
function destinationsOf(rule: Block, instance: Block, things: readonly Thing[], model: TerraformModel): End[] {
  if (isForTarget(rule)) return [{ thing: rule.address }];
  const { cidr_ipv4: cidr, prefix_list_id: list, referenced_security_group_id: group } = rule.arguments;
  if (cidr === ANYWHERE) return wayToInternet(instance, model);
  if (list !== undefined) return gatewayEndpoints(model).map(({ address }) => ({ thing: address }));
  const box = nearestBox(instance, things, model);
  const own = model.resources("aws_vpc_endpoint").filter((endpoint) => hasGroup(endpoint, group, model));
  if (own.length > 0) return own.flatMap((endpoint) => endIn(box, rowIdOf(endpoint)));
  const existing = things.find(({ id }) => id === EXISTING_ENDPOINTS);
  return (existing?.rows ?? []).map(({ id }) => ({ thing: EXISTING_ENDPOINTS, row: id }));
}

function hasGroup({ arguments: { security_group_ids: ids } }: Block, group: unknown, model: TerraformModel): boolean {
  return listOf(ids).some((id) => model.text(id) === model.text(group));
}

/** An endpoint has an address in each of its subnets; one arrow, to the nearest, tells enough. */
function nearestBox(instance: Block, things: readonly Thing[], model: TerraformModel): Thing | undefined {
  const { subnet_id: id } = instance.arguments;
  const own = endpointsIn(model.resource(id, "aws_subnet")?.address ?? String(id));
  return (
    things.find((thing) => thing.id === own) ?? things.find((thing) => thing.kind === "endpoints" && !thing.isExisting)
  );
}

function endIn(box: Thing | undefined, row: string): End[] {
  return box?.rows.some(({ id }) => id === row) === true ? [{ thing: box.id, row }] : [];
}

/** The NAT gateway or the internet gateway that the subnet's route table leads to; straight to AWS when it is not ours. */
function wayToInternet(instance: Block, model: TerraformModel): End[] {
  const subnet = model.resource(instance.arguments["subnet_id"], "aws_subnet");
  const next = subnet && nextHop(subnet, model);
  return [{ thing: next?.address ?? AWS }];
}

function nextHop(subnet: Block, model: TerraformModel): Block | undefined {
  const routes = nestedBlocks(routeTableOf(subnet, model)?.table.arguments["route"]);
  const route = routes.find((each) => each["cidr_block"] === ANYWHERE);
  return (
    model.resource(route?.["nat_gateway_id"], "aws_nat_gateway") ??
    model.resource(route?.["gateway_id"], "aws_internet_gateway")
  );
}

/** Where it goes on from gateways and endpoints. */
function routeArrows(things: readonly Thing[], model: TerraformModel): Arrow[] {
  const nats = model.resources("aws_nat_gateway").flatMap((nat) => {
    const subnet = model.resource(nat.arguments["subnet_id"], "aws_subnet");
    const next = subnet && nextHop(subnet, model);
    return next === undefined ? [] : [route(nat.address, next.address, ANYWHERE)];
  });
  const internetGateways = model
    .resources("aws_internet_gateway")
    .map(({ address }) => route(address, AWS, "internet"));
  const endpoints = things.filter(({ kind }) => kind === "endpoints").map(({ id }) => route(id, AWS, "PrivateLink"));
  const gateways = gatewayEndpoints(model).map(({ address }) => route(address, AWS, ""));
  return [...nats, ...internetGateways, ...endpoints, ...gateways];
}

function route(from: string, to: string, label: string): Arrow {
  return { from: { thing: from }, to: { thing: to }, label, kind: "route" };
}
