// Reads from a stack what stands in its network: instances, endpoints, gateways, and what is beyond.
import { serviceOf } from "../registration/ways.ts";
import { ANYWHERE } from "../registration/place.ts";
import { listOf, nestedBlocks, type Block, type TerraformModel } from "../registration/terraform-model.ts";
import type { Frame, Row, Thing } from "./picture.ts";

export const AWS = "aws";
/** Id of the box of endpoints that were there before. */
export const EXISTING_ENDPOINTS = "existing_endpoints";

/** What stands behind the endpoints' names. */
const SERVICE_NAMES: Readonly<Record<string, string>> = {
  ssm: "Systems Manager",
  ssmmessages: "Systems Manager",
  ec2messages: "Systems Manager",
  logs: "CloudWatch Logs",
  kms: "KMS",
  s3: "S3",
};

export function readThings(
  { vpc, subnets }: { readonly vpc: Frame; readonly subnets: readonly Frame[] },
  instances: readonly Block[],
  model: TerraformModel,
): Thing[] {
  const inside = [
    ...instances.map((instance) => instanceThing(instance, model)),
    ...subnets.flatMap((subnet) => endpointsThing(subnet, model)),
    ...existingEndpointsThing(vpc, model),
    ...gatewayEndpoints(model).map((endpoint) => s3Gateway(endpoint, vpc.id)),
    ...model.resources("aws_nat_gateway").map((nat) => gateway(nat, subnetOf(nat, model), "NAT gateway")),
    ...model.resources("aws_internet_gateway").map((each) => gateway(each, vpc.id, "internet gateway")),
  ];
  return [...inside, ...targetThings(instances, model), awsThing(model)];
}

function instanceThing(instance: Block, model: TerraformModel): Thing {
  const { instance_type: type, tags, associate_public_ip_address: isPublic } = instance.arguments;
  const [{ Name: name } = {}] = nestedBlocks(tags);
  const hasAddress = isPublic === true || listOf(instance.arguments["network_interface"]).length > 0;
  const groups = listOf(instance.arguments["vpc_security_group_ids"]);
  const isClosed = rulesOf("ingress", groups, model).length === 0;
  return {
    id: instance.address,
    frame: subnetOf(instance, model),
    kind: "instance",
    lines: [
      String(name),
      String(type),
      hasAddress ? "public address" : "no public address",
      ...(isClosed ? ["nothing comes in"] : []),
    ],
    rows: [],
    isExisting: false,
  };
}

/** The interface endpoints that have an address in the subnet, as one thing. */
function endpointsThing(subnet: Frame, model: TerraformModel): Thing[] {
  const rows = model
    .resources("aws_vpc_endpoint")
    .filter(({ arguments: { vpc_endpoint_type: type } }) => type === "Interface")
    .filter(({ arguments: { subnet_ids: ids } }) => listOf(ids).some((id) => isFrame(subnet, id, model)))
    .map((endpoint) => ({ id: rowIdOf(endpoint), text: serviceOf(endpoint, model) ?? endpoint.address }));
  return rows.length === 0
    ? []
    : [endpointBox({ id: endpointsIn(subnet.id), frame: subnet.id, rows, isExisting: false })];
}

function existingEndpointsThing(vpc: Frame, model: TerraformModel): Thing[] {
  const gateways = gatewayEndpoints(model);
  const interfaces = model.dataSources("aws_vpc_endpoint").filter((endpoint) => !gateways.includes(endpoint));
  // Their names end with the service; what they are called otherwise only AWS knows.
  const rows = interfaces.map((endpoint) => ({
    id: rowIdOf(endpoint),
    text: endpoint.address.split("_").at(-1) ?? "",
  }));
  return rows.length === 0 ? [] : [endpointBox({ id: EXISTING_ENDPOINTS, frame: vpc.id, rows, isExisting: true })];
}

interface EndpointBox {
  readonly id: string;
  readonly frame: string;
  readonly rows: readonly Row[];
  readonly isExisting: boolean;
}

function endpointBox({ isExisting, ...box }: EndpointBox): Thing {
  return { ...box, kind: "endpoints", lines: [isExisting ? "existing endpoints" : "interface endpoints"], isExisting };
}

/** Id of the box that stands in a subnet. */
export function endpointsIn(subnetId: string): string {
  return `endpoints in ${subnetId}`;
}

export function rowIdOf({ address }: Block): string {
  return address.replaceAll(/\W/g, "_");
}

/** Those of S3, which stand in no subnet. One that was there before is known by the rule that leads to its addresses. */
export function gatewayEndpoints(model: TerraformModel): Block[] {
  const own = model
    .resources("aws_vpc_endpoint")
    .filter(({ arguments: { vpc_endpoint_type: type } }) => type === "Gateway");
  const lists = model
    .resources("aws_vpc_security_group_egress_rule")
    .map((rule) => model.pointer(rule.arguments["prefix_list_id"]));
  const isNamed = (endpoint: Block) => lists.some((list) => list?.kind === "data" && list.block === endpoint);
  return [...own, ...model.dataSources("aws_vpc_endpoint").filter(isNamed)];
}

function s3Gateway(endpoint: Block, frame: string): Thing {
  const title = endpoint.isData ? "existing S3 gateway endpoint" : "S3 gateway endpoint";
  return { ...gateway(endpoint, frame, title), isExisting: endpoint.isData };
}

function gateway({ address }: Block, frame: string, title: string): Thing {
  return { id: address, frame, kind: "gateway", lines: [title], rows: [], isExisting: false };
}

function subnetOf({ arguments: { subnet_id: id } }: Block, model: TerraformModel): string {
  return model.resource(id, "aws_subnet")?.address ?? String(id);
}

function isFrame(subnet: Frame, id: unknown, model: TerraformModel): boolean {
  return subnet.id === (model.resource(id, "aws_subnet")?.address ?? id);
}

/** What rules let the instances out to and the stack does not have. */
function targetThings(instances: readonly Block[], model: TerraformModel): Thing[] {
  const groups = instances.flatMap((instance) => listOf(instance.arguments["vpc_security_group_ids"]));
  return rulesOf("egress", [...new Set(groups)], model)
    .filter(isForTarget)
    .map((rule) => ({
      id: rule.address,
      frame: undefined,
      kind: "target",
      lines: [
        String(rule.arguments["description"]).replace(/^To /, ""),
        String(rule.arguments["cidr_ipv4"] ?? rule.arguments["referenced_security_group_id"]),
      ],
      rows: [],
      isExisting: true,
    }));
}

/** Whether a rule of an instance's speaks of addresses, or of a group, that somebody wrote into the settings. */
export function isForTarget({ arguments: rule }: Block): boolean {
  const peer = rule["cidr_ipv4"] ?? rule["referenced_security_group_id"];
  return typeof peer === "string" && peer !== ANYWHERE && !peer.includes("${");
}

/** The rules of these groups, one way. */
export function rulesOf(direction: "egress" | "ingress", groups: readonly unknown[], model: TerraformModel): Block[] {
  const ids = groups.map((group) => model.text(group));
  return model
    .resources(`aws_vpc_security_group_${direction}_rule`)
    .filter((rule) => ids.includes(model.text(rule.arguments["security_group_id"])));
}

function awsThing(model: TerraformModel): Thing {
  const services = model.resources("aws_vpc_endpoint").map((endpoint) => serviceOf(endpoint, model) ?? "");
  const gateways = gatewayEndpoints(model).map(() => "s3");
  const names = ["ssm", ...services, ...gateways].flatMap((service) => SERVICE_NAMES[service] ?? []);
  return { id: AWS, frame: undefined, kind: "aws", lines: ["AWS", ...new Set(names)], rows: [], isExisting: true };
}
