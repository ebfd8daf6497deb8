// Where the instance stands: its subnet, its VPC, and how the subnet's route table leads to the internet.
import { broken, held, outside, type Finding } from "./finding.ts";
import { earlyAddress } from "./primary-interface.ts";
import { listOf, nestedBlocks, type Arguments, type Block, type TerraformModel } from "./terraform-model.ts";

export interface Place {
  readonly instance: Block;
  /** Undefined when it is none of the stack's. */
  readonly subnet: Block | undefined;
  /** Undefined when it is none of the stack's. */
  readonly vpc: Block | undefined;
  /** The VPC's id as `TerraformModel.text` writes it; what else stands in the VPC has the same. */
  readonly vpcId: string;
}

export const ANYWHERE = "0.0.0.0/0";

/** The place, or why there is none. */
export function findPlace(
  instance: Block,
  model: TerraformModel,
): { readonly finding: Finding; readonly place: Place } {
  const pointer = model.pointer(instance.arguments["subnet_id"]);
  const cure = "give it the subnet_id of an aws_subnet whose VPC is in the stack";
  const nowhere = { instance, subnet: undefined, vpc: undefined, vpcId: "" };
  if (pointer === undefined)
    return {
      place: nowhere,
      finding: broken("subnet", "it is in no subnet of the stack, so in the default VPC", cure),
    };
  if (pointer.kind === "undeclared")
    return { place: nowhere, finding: broken("subnet", `its subnet, ${pointer.text}, is not in the stack`, cure) };
  if (pointer.kind !== "resource") {
    const vpcId = vpcOfGroups(instance, model);
    const vpc = vpcNamed(vpcId, model);
    return { place: { ...nowhere, vpc, vpcId }, finding: outside("the instance's subnet") };
  }
  const subnet = pointer.block;
  const vpc = model.pointer(subnet.arguments["vpc_id"]);
  const place = { ...nowhere, subnet, vpcId: model.text(subnet.arguments["vpc_id"]) };
  if (vpc === undefined) return { place, finding: broken("subnet", `${subnet.address} is in no VPC`, cure) };
  if (vpc.kind === "undeclared")
    return { place, finding: broken("subnet", `the VPC of ${subnet.address}, ${vpc.text}, is not in the stack`, cure) };
  if (vpc.kind !== "resource") return { place, finding: held() };
  return { place: { ...place, vpc: vpc.block }, finding: held() };
}

/** A subnet that is not the stack's keeps its VPC to itself, but the instance's groups are in the same. */
function vpcOfGroups({ arguments: { vpc_security_group_ids: groups } }: Block, model: TerraformModel): string {
  const own = listOf(groups).map((group) => model.resource(group, "aws_security_group"));
  return model.text(own.find((group) => group !== undefined)?.arguments["vpc_id"]);
}

function vpcNamed(vpcId: string, model: TerraformModel): Block | undefined {
  return model.resource(vpcId, "aws_vpc");
}

/** Where the route to the internet leads, and the resources that it takes. */
interface DefaultRoute {
  readonly route: Arguments;
  readonly restsOn: readonly (readonly Block[])[];
}

/** The way to the internet: what it rests on, or what is missing. */
export type InternetWay = { readonly restsOn: readonly (readonly Block[])[] } | { readonly obstacle: string };

export function findInternetWay({ instance, subnet }: Place, model: TerraformModel): InternetWay {
  if (subnet === undefined) return { obstacle: "the instance's subnet is none of the stack's" };
  const found = defaultRoute(subnet, model);
  if (found === undefined) return { obstacle: `${subnet.address} has no route to the internet` };
  const { route, restsOn } = found;
  if (isSet(route["nat_gateway_id"])) return natWay(route["nat_gateway_id"], restsOn, model);
  const gateway = findInternetGateway(route["gateway_id"], subnet, model);
  if ("obstacle" in gateway) return gateway;
  const toGateway = [...restsOn, ...gateway.restsOn];
  const address = earlyAddress(instance, model);
  if (address !== undefined) return { restsOn: [...toGateway, [address]] };
  if (!hasPublicAddress(instance, subnet)) return { obstacle: "the instance has no public address" };
  return { restsOn: toGateway };
}

/** `associate_public_ip_address` decides; without it, the subnet does. */
function hasPublicAddress({ arguments: own }: Block, { arguments: ofSubnet }: Block): boolean {
  return (own["associate_public_ip_address"] ?? ofSubnet["map_public_ip_on_launch"]) === true;
}

function natWay(id: unknown, toGateway: readonly (readonly Block[])[], model: TerraformModel): InternetWay {
  const gateway = model.resource(id, "aws_nat_gateway");
  if (gateway === undefined) return { obstacle: `there is no NAT gateway ${model.text(id)} in the stack` };
  const { connectivity_type: connectivity, subnet_id: subnetId, allocation_id: allocationId } = gateway.arguments;
  if (connectivity === "private") return { obstacle: `${gateway.address} is private` };
  const address = model.resource(allocationId, "aws_eip");
  if (address === undefined) return { obstacle: `${gateway.address} has no address of the stack's` };
  const subnet = model.resource(subnetId, "aws_subnet");
  const found = subnet && defaultRoute(subnet, model);
  if (subnet === undefined || found === undefined)
    return { obstacle: `${gateway.address} has itself no route to the internet` };
  const internet = findInternetGateway(found.route["gateway_id"], subnet, model);
  if ("obstacle" in internet) return { obstacle: `${gateway.address} has itself no way: ${internet.obstacle}` };
  return { restsOn: [...toGateway, [gateway], [address], ...found.restsOn, ...internet.restsOn] };
}

function findInternetGateway(id: unknown, subnet: Block, model: TerraformModel): InternetWay {
  const gateway = model.resource(id, "aws_internet_gateway");
  if (gateway === undefined) return { obstacle: `the route of ${subnet.address} leads to no gateway of the stack` };
  const isOfVpc = model.text(gateway.arguments["vpc_id"]) === model.text(subnet.arguments["vpc_id"]);
  return isOfVpc ? { restsOn: [[gateway]] } : { obstacle: `${gateway.address} is not attached to the subnet's VPC` };
}

/** The association that gives a subnet its route table; without one it has the VPC's main table, which leads nowhere. */
export function routeTableOf(subnet: Block, model: TerraformModel): { association: Block; table: Block } | undefined {
  for (const association of model.resources("aws_route_table_association")) {
    const table = model.resource(association.arguments["route_table_id"], "aws_route_table");
    const isOfSubnet = model.resource(association.arguments["subnet_id"], "aws_subnet") === subnet;
    if (isOfSubnet && table !== undefined && isInVpcOf(subnet, table, model)) return { association, table };
  }
  return undefined;
}

function isInVpcOf(subnet: Block, table: Block, model: TerraformModel): boolean {
  return model.text(table.arguments["vpc_id"]) === model.text(subnet.arguments["vpc_id"]);
}

function defaultRoute(subnet: Block, model: TerraformModel): DefaultRoute | undefined {
  const found = routeTableOf(subnet, model);
  if (found === undefined) return undefined;
  const { association, table } = found;
  const inline = nestedBlocks(table.arguments["route"]).find((route) => route["cidr_block"] === ANYWHERE);
  if (inline !== undefined) return { route: inline, restsOn: [[association], [table]] };
  const route = model
    .resources("aws_route")
    .filter((each) => model.resource(each.arguments["route_table_id"], "aws_route_table") === table)
    .find((each) => each.arguments["destination_cidr_block"] === ANYWHERE);
  return route && { route: route.arguments, restsOn: [[association], [route]] };
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}
