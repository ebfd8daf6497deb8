// Whether the addresses work together: blocks, subnets, zones, and room for what stands in them.
import { addressCount, contains, formatCidr, overlap, type Cidr } from "../../network/cidr.ts";
import type { Settings } from "../schema.ts";
import type { Problem } from "../settings-error.ts";
import { readCidr } from "./read-cidr.ts";

/** The sizes that AWS allows a VPC and a subnet. */
const SHORTEST_PREFIX = 16;
const LONGEST_PREFIX = 28;
const SMALLEST_SUBNET_ADDRESSES = 16;
/** Network, router, DNS, a spare one and broadcast. */
const RESERVED_ADDRESSES = 5;
const SSM_ENDPOINTS = 2;

export function networkProblems(settings: Settings): Problem[] {
  const blockProblems = [...cidrProblems(settings), ...roomProblems(settings)];
  return [
    ...blockProblems,
    // Sums over subnets that do not fit would be a second error with the same cause.
    ...(blockProblems.length === 0 ? [...subnetProblems(settings), ...addressProblems(settings)] : []),
    ...zoneProblems(settings),
  ];
}

const blocksOf = ({ vpc_cidr, vpc_private_subnets }: Settings): { key: string; text: string; cidr: Cidr }[] =>
  [vpc_cidr, ...vpc_private_subnets].map((text, index) => ({
    key: index === 0 ? "vpc_cidr" : `vpc_private_subnets[${index - 1}]`,
    text,
    cidr: readCidr(text),
  }));

function cidrProblems(settings: Settings): Problem[] {
  const blocks = blocksOf(settings);
  // A subnet that takes the whole VPC, as it does by default, has no fault of its own.
  const unlike = blocks.filter(({ text }, index) => index === 0 || text !== settings.vpc_cidr);
  return unlike.flatMap(({ key, text, cidr }) => {
    if (formatCidr(cidr) !== text)
      return [
        {
          message: `"${key}": "${text}" begins inside a block, not at its start`,
          cure: `write "${formatCidr(cidr)}"`,
        },
      ];
    if (cidr.prefixLength < SHORTEST_PREFIX || cidr.prefixLength > LONGEST_PREFIX)
      return [
        {
          message: `"${key}": "${text}" has a size that AWS does not allow`,
          cure: `take a block from /${SHORTEST_PREFIX} to /${LONGEST_PREFIX}`,
        },
      ];
    return [];
  });
}

function roomProblems({ vpc_cidr, vpc_private_subnets }: Settings): Problem[] {
  const vpc = readCidr(vpc_cidr);
  const count = vpc_private_subnets.length;
  if (count * SMALLEST_SUBNET_ADDRESSES <= addressCount(vpc)) return [];
  const prefixLength = LONGEST_PREFIX - Math.ceil(Math.log2(count));
  const larger = formatCidr(readCidr(`${vpc_cidr.split("/")[0] ?? ""}/${prefixLength}`));
  return [
    {
      message: `"vpc_private_subnets": ${count} subnets do not fit in "${vpc_cidr}", because AWS's smallest subnet is a /${LONGEST_PREFIX}`,
      cure: `write "vpc_cidr": "${larger}" and /${LONGEST_PREFIX} subnets inside it, or fewer subnets`,
    },
  ];
}

function subnetProblems(settings: Settings): Problem[] {
  const [vpc, ...subnets] = blocksOf(settings);
  return subnets.flatMap(({ key, text, cidr }, index) => {
    if (vpc !== undefined && !contains(vpc.cidr, cidr))
      return [
        {
          message: `"${key}": "${text}" is not inside "vpc_cidr", "${vpc.text}"`,
          cure: "take a block inside the VPC's, or widen vpc_cidr",
        },
      ];
    const earlier = subnets.slice(0, index).find((other) => overlap(other.cidr, cidr));
    if (earlier === undefined) return [];
    return [
      {
        message: `"${key}": "${text}" shares addresses with "${earlier.key}", "${earlier.text}"`,
        cure: "give each subnet addresses of its own",
      },
    ];
  });
}

function addressProblems({ vpc_private_subnets, bastion_count, ec2messages_endpoint }: Settings): Problem[] {
  const bastionsEach = Math.ceil(bastion_count / vpc_private_subnets.length);
  const needed = bastionsEach + SSM_ENDPOINTS + (ec2messages_endpoint ? 1 : 0);
  return vpc_private_subnets.flatMap((text, index) => {
    const free = addressCount(readCidr(text)) - RESERVED_ADDRESSES;
    if (needed <= free) return [];
    return [
      {
        message: `"bastion_count": ${bastion_count} do not fit: "vpc_private_subnets[${index}]" has ${free} free addresses, ${needed} are needed`,
        cure: "lower bastion_count, or take larger subnets",
      },
    ];
  });
}

function zoneProblems({ availability_zones: zones, vpc_private_subnets, aws_region }: Settings): Problem[] {
  if (zones === undefined) return [];
  const foreign = zones.find((zone) => aws_region !== undefined && zone.slice(0, -1) !== aws_region);
  const count = vpc_private_subnets.length;
  return [
    ...(foreign === undefined
      ? []
      : [
          {
            message: `"availability_zones": "${foreign}" is not in "aws_region", "${aws_region ?? ""}"`,
            cure: "name zones of that Region",
          },
        ]),
    ...(zones.length === count && new Set(zones).size === count
      ? []
      : [
          {
            message: `"availability_zones": ${zones.length} for ${count} subnet${count === 1 ? "" : "s"}`,
            cure: "name one zone for each subnet, each another one, because an endpoint takes one subnet a zone",
          },
        ]),
  ];
}
