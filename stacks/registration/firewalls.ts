// Whether security groups let the calls out of the instance and into the endpoint.
import { contains, parseCidr } from "../network/cidr.ts";
import { broken, held, outside, type Finding } from "./finding.ts";
import { ANYWHERE, type Place } from "./place.ts";
import { listOf, type Block, type TerraformModel } from "./terraform-model.ts";
import type { Way } from "./ways.ts";

export const HTTPS_PORT = 443;

/** Somebody on the other side of a rule. */
interface Peer {
  readonly groups: readonly string[];
  /** Undefined among them: an address that only AWS knows. */
  readonly cidrs: readonly (string | undefined)[];
  /** Id of the prefix list that a gateway endpoint stands for. */
  readonly prefixListId?: string;
}

/** Whether the instance's groups let it out to where the way leads. */
export function judgeEgress(way: Way, { instance, vpcId }: Place, model: TerraformModel): Finding {
  const { vpc_security_group_ids: groups } = instance.arguments;
  const fault = faultOfGroups(groups, vpcId, model);
  if (fault !== undefined)
    return broken("instance-security-groups", `the instance ${fault}`, "give it an aws_security_group of the VPC");
  const rules = rulesOf("aws_vpc_security_group_egress_rule", groups, model).filter(opensHttps);
  const permitting = way.kind === "outside" ? [] : rules.filter((rule) => speaksOf(rule, peerOf(way, model), model));
  if (permitting.length > 0) return held(permitting);
  if (hasForeign(groups, model) || rules.some((rule) => way.kind === "outside" || isUntold(rule, model)))
    return outside("whether security groups let the calls out to what is there");
  return broken(
    "instance-security-groups",
    `the instance's security groups let nothing out to port ${HTTPS_PORT} of ${destinationOf(way)}`,
    `add an aws_vpc_security_group_egress_rule for TCP ${HTTPS_PORT}`,
  );
}

/** Whether the endpoint's groups let the instance in. */
export function judgeIngress(way: Way, { instance, subnet, vpcId }: Place, model: TerraformModel): Finding {
  if (way.kind === "outside") return outside("the security groups of an endpoint that is there");
  if (way.kind !== "interface") return held();
  const { address, arguments: own } = way.endpoint;
  const { security_group_ids: groups } = own;
  const fault = faultOfGroups(groups, vpcId, model);
  if (fault !== undefined)
    return broken("endpoint-security-groups", `${address} ${fault}`, "give it an aws_security_group of the VPC");
  const client: Peer = {
    groups: textsOf(instance.arguments["vpc_security_group_ids"], model),
    cidrs: [cidrOf(subnet)],
  };
  const rules = rulesOf("aws_vpc_security_group_ingress_rule", groups, model).filter(opensHttps);
  const permitting = rules.filter((rule) => speaksOf(rule, client, model));
  if (permitting.length > 0) return held(permitting);
  if (hasForeign(groups, model) || rules.some((rule) => isUntold(rule, model)))
    return outside(`whether the security groups of ${address} let the calls in`);
  return broken(
    "endpoint-security-groups",
    `the security groups of ${address} let nothing in to port ${HTTPS_PORT} from the instance`,
    `add an aws_vpc_security_group_ingress_rule for TCP ${HTTPS_PORT} from the instance's group`,
  );
}

function destinationOf(way: Way): string {
  if (way.kind === "internet") return ANYWHERE;
  return way.kind === "outside" ? "anything" : way.endpoint.address;
}

/** The default group has no rules here, so that what is given no group reaches nothing. */
function faultOfGroups(groups: unknown, vpcId: string, model: TerraformModel): string | undefined {
  const pointers = listOf(groups).map((id) => model.pointer(id));
  if (pointers.length === 0) return "has no security group";
  for (const pointer of pointers) {
    if (pointer?.kind === "undeclared") return `has the security group ${pointer.text}, which is not in the stack`;
    if (pointer?.kind === "resource" && model.text(pointer.block.arguments["vpc_id"]) !== vpcId)
      return `has the security group ${pointer.block.address}, which is in another VPC`;
  }
  return undefined;
}

function hasForeign(groups: unknown, model: TerraformModel): boolean {
  return listOf(groups).some((id) => model.resource(id, "aws_security_group") === undefined);
}

/** Whether only a plan can tell whom the rule speaks of. */
function isUntold({ arguments: rule }: Block, model: TerraformModel): boolean {
  const peers = [rule["referenced_security_group_id"], rule["cidr_ipv4"], rule["prefix_list_id"]];
  return peers.some(
    (peer) => typeof peer === "string" && peer.includes("${") && model.pointer(peer)?.kind !== "resource",
  );
}

function rulesOf(type: string, groups: unknown, model: TerraformModel): Block[] {
  const ids = textsOf(groups, model);
  return model.resources(type).filter((rule) => ids.includes(model.text(rule.arguments["security_group_id"])));
}

function textsOf(values: unknown, model: TerraformModel): string[] {
  return listOf(values).map((value) => model.text(value));
}

function opensHttps({ arguments: own }: Block): boolean {
  const { ip_protocol: protocol, from_port: from, to_port: to } = own;
  if (protocol === "-1") return true;
  const isTcp = protocol === "tcp" || protocol === "6";
  return isTcp && typeof from === "number" && typeof to === "number" && from <= HTTPS_PORT && HTTPS_PORT <= to;
}

function peerOf(way: Exclude<Way, { kind: "outside" }>, model: TerraformModel): Peer {
  if (way.kind === "internet") return { groups: [], cidrs: [ANYWHERE] };
  if (way.kind === "gateway")
    return { groups: [], cidrs: [ANYWHERE], prefixListId: `\${${way.endpoint.address}.prefix_list_id}` };
  return {
    groups: textsOf(way.endpoint.arguments["security_group_ids"], model),
    cidrs: listOf(way.endpoint.arguments["subnet_ids"]).map((id) => cidrOf(model.resource(id, "aws_subnet"))),
  };
}

function cidrOf(subnet: Block | undefined): string | undefined {
  const cidr = subnet?.arguments["cidr_block"];
  return typeof cidr === "string" ? cidr : undefined;
}

/** An endpoint has an address in each of its subnets, and which one a name is resolved to is chance: a rule must hold all. */
function speaksOf({ arguments: rule }: Block, peer: Peer, model: TerraformModel): boolean {
  if (peer.groups.includes(model.text(rule["referenced_security_group_id"]))) return true;
  if (peer.prefixListId !== undefined && rule["prefix_list_id"] === peer.prefixListId) return true;
  const cidr = model.text(rule["cidr_ipv4"]);
  if (cidr === ANYWHERE) return true;
  const block = parseCidr(cidr);
  const inner = peer.cidrs.map((each) => parseCidr(each ?? ""));
  return (
    block !== undefined && inner.every((each) => each !== undefined && each.prefixLength > 0 && contains(block, each))
  );
}
