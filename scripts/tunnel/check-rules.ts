// Whether the deployed rules let the bastion reach a target; what is missing is named, with the entry that would add it.
import { BlockList, isIPv4 } from "node:net";
import type { Aws } from "../command/aws-ports.ts";
import type { InstanceNetwork, SecurityGroup, SecurityGroupRule } from "../command/network-ports.ts";
import type { Reporter } from "../command/reporter.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { MissingRuleError } from "../errors/missing-rule-error.ts";
import { printable, quoted } from "../errors/printable.ts";
import type { TunnelTarget } from "./tunnel-targets.ts";

export interface RuleNeeds {
  readonly aws: Pick<Aws, "findSecurityGroups" | "subnetCidrs" | "region">;
  readonly reporter: Pick<Reporter, "debug">;
}

/** Names of the bastion itself, which no rule guards. */
const LOOPBACK = /^(localhost|127\.[\d.]+|::1)$/;

/**
 * Resolves when nothing is known to be missing. Without permission to look, nothing is known.
 *
 * @throws MissingRuleError (69) that names the missing rule
 */
export async function checkRules(target: TunnelTarget, network: InstanceNetwork, needs: RuleNeeds): Promise<void> {
  if (target.host === undefined || LOOPBACK.test(target.host)) return;
  const facts = await readFacts(target, network, needs).catch((error: unknown) => {
    needs.reporter.debug(`cannot check the rules for ${target.name}: ${String(error)}`);
    return undefined;
  });
  if (facts === undefined) return;
  const { bastionGroups, targetGroups, cidrs } = facts;
  const there = { port: target.port, groupIds: target.database?.securityGroupIds ?? [], cidrs };
  if (!bastionGroups.some(({ egress }) => egress.some((rule) => admits(rule, there))))
    throw noEgress(target, network, facts);
  const here = { port: target.port, groupIds: network.securityGroupIds, cidrs: [`${network.privateIpAddress}/32`] };
  if (targetGroups.length === 0 || targetGroups.some(({ ingress }) => ingress.some((rule) => admits(rule, here))))
    return;
  throw noIngress(target, network, needs.aws.region);
}

interface RuleFacts {
  readonly bastionGroups: readonly SecurityGroup[];
  /** None if they are not known. */
  readonly targetGroups: readonly SecurityGroup[];
  /** Where the target is; undefined if that is not known. */
  readonly cidrs: readonly string[] | undefined;
}

async function readFacts(
  { host = "", database }: TunnelTarget,
  network: InstanceNetwork,
  { aws }: RuleNeeds,
): Promise<RuleFacts> {
  const targetIds = database?.securityGroupIds ?? [];
  const [groups, subnets] = await Promise.all([
    aws.findSecurityGroups([...new Set([...network.securityGroupIds, ...targetIds])]),
    database === undefined ? undefined : aws.subnetCidrs(database.subnetIds),
  ]);
  const address = isIPv4(host) ? [`${host}/32`] : undefined;
  const among = (ids: readonly string[]): SecurityGroup[] =>
    groups.filter(({ securityGroupId }) => ids.includes(securityGroupId));
  return { bastionGroups: among(network.securityGroupIds), targetGroups: among(targetIds), cidrs: subnets ?? address };
}

interface Peer {
  readonly port: number;
  readonly groupIds: readonly string[];
  /** Undefined: anywhere, as far as we know. */
  readonly cidrs: readonly string[] | undefined;
}

/** Where the rule cannot be judged it is taken for one that admits: a false alarm would keep people out. */
function admits(rule: SecurityGroupRule, { port, groupIds, cidrs }: Peer): boolean {
  const isTcp = ["-1", "tcp", "6"].includes(rule.protocol);
  if (!isTcp || (rule.protocol !== "-1" && (port < rule.fromPort || port > rule.toPort))) return false;
  if (cidrs === undefined || rule.hasPrefixLists) return true;
  const isGroup = rule.securityGroupIds.some((id) => groupIds.includes(id));
  return isGroup || rule.cidrs.some((ours) => cidrs.some((theirs) => overlap(ours, theirs)));
}

function overlap(one: string, other: string): boolean {
  return contains(one, other.split("/")[0] ?? "") || contains(other, one.split("/")[0] ?? "");
}

function contains(cidr: string, address: string): boolean {
  const [network = "", prefix = "32"] = cidr.split("/");
  if (!isIPv4(network) || !isIPv4(address)) return false;
  const block = new BlockList();
  block.addSubnet(network, Number(prefix));
  return block.check(address);
}

function noEgress(target: TunnelTarget, { securityGroupIds }: InstanceNetwork, { cidrs }: RuleFacts): MissingRuleError {
  const { name, host = "", port, database } = target;
  const groups = securityGroupIds.map(quoted).join(", ");
  const place = database?.securityGroupIds[0];
  const where = place === undefined ? { cidr: cidrs?.[0] ?? "CIDR OF THE HOST" } : { security_group_id: place };
  const entry = JSON.stringify({ name: settingName(name), host, port, ...where });
  return new MissingRuleError(
    `cannot reach ${quoted(name)} from the bastion: its security group ${groups} has no egress rule for TCP ${port} to ${printable(host)}`,
    {
      hint: `add to "targets" in the settings, and deploy with npx cdktf deploy:\n  ${entry}`,
      exitCode: ExitCode.Unavailable,
    },
  );
}

/** What the settings take for a target's name. */
function settingName(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "");
  return plain === "" ? "target" : plain.slice(0, 40);
}

function noIngress(
  { name, port, database }: TunnelTarget,
  { securityGroupIds }: InstanceNetwork,
  region: string,
): MissingRuleError {
  const [groupId = ""] = database?.securityGroupIds ?? [];
  const [bastionGroupId = ""] = securityGroupIds;
  return new MissingRuleError(
    `cannot reach ${quoted(name)} from the bastion: its security group ${quoted(groupId)} has no ingress rule for TCP ${port} from ${quoted(bastionGroupId)}`,
    {
      hint: `aws ec2 authorize-security-group-ingress --region ${region} --group-id ${groupId} --protocol tcp --port ${port} --source-group ${bastionGroupId}`,
      exitCode: ExitCode.Unavailable,
    },
  );
}
