// Reads the frames of a picture from a stack: the VPC and its subnets.
import { routeTableOf } from "../registration/place.ts";
import { nestedBlocks, type Block, type TerraformModel } from "../registration/terraform-model.ts";
import type { Frame } from "./picture.ts";

/** The VPC that the stack makes, or else the one that it looks up; undefined when it has none. */
export function readVpc(model: TerraformModel): Frame | undefined {
  const [own] = model.resources("aws_vpc");
  if (own !== undefined)
    return { id: own.address, kind: "vpc", isExisting: false, lines: ["VPC", argumentOf(own, "cidr_block")] };
  const [existing] = model.dataSources("aws_vpc");
  if (existing === undefined) return undefined;
  return { id: existing.address, kind: "vpc", isExisting: true, lines: ["existing VPC", nameOfExisting(existing)] };
}

/** Its id, or the tags that it is looked up by. */
function nameOfExisting({ arguments: { id, tags } }: Block): string {
  if (typeof id === "string") return id;
  const pairs = nestedBlocks(tags).flatMap((tag) => Object.entries(tag));
  return pairs.map(([key, value]) => `${key}=${String(value)}`).join(", ");
}

/** The subnets that the stack makes, then those that it only puts instances into. */
export function readSubnets(instances: readonly Block[], model: TerraformModel): Frame[] {
  const existing = instances
    .map((instance) => model.pointer(instance.arguments["subnet_id"]))
    .flatMap((pointer) => (pointer?.kind === "outside" ? [pointer.text] : []));
  const own = model.resources("aws_subnet").map((subnet) => ownSubnet(subnet, model));
  return [...own, ...[...new Set(existing)].map(existingSubnet)];
}

function ownSubnet(subnet: Block, model: TerraformModel): Frame {
  const isPublic = leadsToInternetGateway(subnet, model);
  return {
    id: subnet.address,
    kind: isPublic ? "public-subnet" : "private-subnet",
    isExisting: false,
    lines: [isPublic ? "public subnet" : "private subnet", argumentOf(subnet, "cidr_block"), zoneOf(subnet)],
  };
}

function existingSubnet(id: string): Frame {
  const name = id.startsWith("subnet-") ? id : "found by its tags";
  return { id, kind: "private-subnet", isExisting: true, lines: ["existing subnet", name] };
}

/** Whatever it is called, a subnet is public when its route table leads to an internet gateway. */
function leadsToInternetGateway(subnet: Block, model: TerraformModel): boolean {
  const routes = nestedBlocks(routeTableOf(subnet, model)?.table.arguments["route"]);
  return routes.some((route) => model.resource(route["gateway_id"], "aws_internet_gateway") !== undefined);
}

const CHOSEN_ZONE = /^\$\{element\(local\.\w+, (\d+)\)\}$/;

/** A zone's name, or which of those that offer what is needed. */
function zoneOf(subnet: Block): string {
  const zone = argumentOf(subnet, "availability_zone");
  const [, index] = CHOSEN_ZONE.exec(zone) ?? [];
  return index === undefined ? zone : `zone ${Number(index) + 1}`;
}

function argumentOf({ arguments: own }: Block, name: string): string {
  const value = own[name];
  return typeof value === "string" ? value : "";
}
