// Whether network ACLs of the stack let calls and answers cross the borders of subnets; AWS's own let all pass.
import { contains, overlap, parseCidr } from "../network/cidr.ts";
import { broken, held, type Finding } from "./finding.ts";
import { HTTPS_PORT } from "./firewalls.ts";
import { ANYWHERE, type Place } from "./place.ts";
import { listOf, nestedBlocks, type Arguments, type Block, type TerraformModel } from "./terraform-model.ts";
import type { Way } from "./ways.ts";

/** The first and the last port that Linux gives to a connection it opens; answers come back to it. */
const REPLY_PORTS = [32_768, 60_999];

/** What crosses the border of a subnet. */
interface Crossing {
  readonly subnet: Block;
  /** Addresses on the other side. */
  readonly peer: string;
  readonly isEgress: boolean;
  readonly ports: readonly number[];
}

/** An endpoint has an address in each of its subnets, and which one the agent is given is chance: each must be open. */
export function judgeNetworkAcls(way: Way, { subnet }: Place, model: TerraformModel): Finding {
  if (subnet === undefined || way.kind === "outside") return held();
  const ends =
    way.kind === "interface"
      ? listOf(way.endpoint.arguments["subnet_ids"]).map((id) => model.resource(id, "aws_subnet"))
      : [undefined];
  const crossings = ends.flatMap((end) => (end === subnet ? [] : crossingsTo(end, subnet)));
  for (const crossing of crossings) {
    const acl = aclOf(crossing.subnet, model);
    if (acl === undefined || crossing.ports.every((port) => lets(acl, crossing, port, model))) continue;
    const direction = crossing.isEgress ? "out to" : "in from";
    const met = `${acl.address} does not let port ${crossing.ports.join(" to ")} ${direction} ${crossing.peer}`;
    return broken("network-acl", met, `let TCP ${HTTPS_PORT} and the answers' ports 1024 to 65535 pass, both ways`);
  }
  return held();
}

/** The call out of the instance's subnet and into the endpoint's, if it is one of ours, and the answer back. */
function crossingsTo(end: Block | undefined, subnet: Block): Crossing[] {
  const there = end === undefined ? ANYWHERE : String(end.arguments["cidr_block"]);
  const here = String(subnet.arguments["cidr_block"]);
  return [
    { subnet, peer: there, isEgress: true, ports: [HTTPS_PORT] },
    { subnet, peer: there, isEgress: false, ports: REPLY_PORTS },
    ...(end === undefined
      ? []
      : [
          { subnet: end, peer: here, isEgress: false, ports: [HTTPS_PORT] },
          { subnet: end, peer: here, isEgress: true, ports: REPLY_PORTS },
        ]),
  ];
}

function aclOf(subnet: Block, model: TerraformModel): Block | undefined {
  return model
    .resources("aws_network_acl")
    .find((acl) => listOf(acl.arguments["subnet_ids"]).some((id) => model.resource(id, "aws_subnet") === subnet));
}

interface Entry {
  readonly number: number;
  readonly isEgress: boolean;
  readonly allows: boolean;
  readonly rule: Arguments;
}

/** The first entry that fits decides; what none fits is denied. */
function lets(acl: Block, { peer, isEgress }: Crossing, port: number, model: TerraformModel): boolean {
  const decisive = entriesOf(acl, model)
    .filter((entry) => entry.isEgress === isEgress && includesPort(entry.rule, port))
    .sort((one, other) => one.number - other.number)
    .find((entry) => speaksOf(entry, peer));
  return decisive?.allows ?? false;
}

function entriesOf(acl: Block, model: TerraformModel): Entry[] {
  const inline = (["ingress", "egress"] as const).flatMap((direction) =>
    nestedBlocks(acl.arguments[direction]).map((rule) => ({
      number: Number(rule["rule_no"]),
      isEgress: direction === "egress",
      allows: rule["action"] === "allow",
      rule,
    })),
  );
  const apart = model
    .resources("aws_network_acl_rule")
    .filter((rule) => model.resource(rule.arguments["network_acl_id"], "aws_network_acl") === acl)
    .map(({ arguments: rule }) => ({
      number: Number(rule["rule_number"]),
      isEgress: rule["egress"] === true,
      allows: rule["rule_action"] === "allow",
      rule,
    }));
  return [...inline, ...apart];
}

/** An entry that denies a part of the addresses denies; one that allows must allow all. */
function speaksOf({ allows, rule }: Entry, peer: string): boolean {
  const [block, other] = [parseCidr(String(rule["cidr_block"])), parseCidr(peer)];
  if (block === undefined || other === undefined) return false;
  return allows ? contains(block, other) : overlap(block, other);
}

function includesPort({ protocol, from_port: from, to_port: to }: Arguments, port: number): boolean {
  if (protocol === "-1" || protocol === "all") return true;
  return (protocol === "tcp" || protocol === "6") && Number(from) <= port && port <= Number(to);
}
