// Whether each target says where it is, and is no piece of the internet.
import { contains, formatCidr, parseAddress } from "../../network/cidr.ts";
import type { Settings, Target } from "../schema.ts";
import type { Problem } from "../settings-error.ts";
import { readCidr } from "./read-cidr.ts";

/** Shorter than the largest private range is no target but a piece of the internet. */
const SHORTEST_TARGET_PREFIX = 8;

export function targetProblems({ targets }: Settings): Problem[] {
  return targets.flatMap((target, index) => problemsOfTarget(target, `targets[${index}]`));
}

function problemsOfTarget({ host, cidr, security_group_id }: Target, key: string): Problem[] {
  if ((cidr === undefined) === (security_group_id === undefined))
    return [
      {
        message: `"${key}" names ${cidr === undefined ? "neither" : "both"} "cidr" ${cidr === undefined ? "nor" : "and"} "security_group_id"`,
        cure: "write one of them: where the host's address is, or the security group it has",
      },
    ];
  return cidr === undefined ? [] : targetCidrProblems(host, cidr, key);
}

function targetCidrProblems(host: string, cidr: string, key: string): Problem[] {
  const block = readCidr(cidr);
  if (formatCidr(block) !== cidr)
    return [
      {
        message: `"${key}.cidr": "${cidr}" begins inside a block, not at its start`,
        cure: `write "${formatCidr(block)}"`,
      },
    ];
  if (block.prefixLength < SHORTEST_TARGET_PREFIX)
    return [
      {
        message: `"${key}.cidr": "${cidr}" is no target but a piece of the internet`,
        cure: "name the addresses of the host, such as a /32 or its subnet",
      },
    ];
  const address = parseAddress(host);
  if (address === undefined || contains(block, { network: address, prefixLength: 32 })) return [];
  return [
    { message: `"${key}.host": "${host}" is not inside its "cidr", "${cidr}"`, cure: `write "cidr": "${host}/32"` },
  ];
}
