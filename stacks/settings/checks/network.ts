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

/** Nothing of an existing network, whose addresses are none of the settings. */
export function networkProblems(settings: Settings): Problem[] {
  const { vpc_cidr } = settings;
  if (settings.network === "existing" || vpc_cidr === undefined) return [];
  const ours: OwnSettings = { ...settings, vpc_cidr };
  const blockProblems = [...cidrProblems(ours), ...roomProblems(ours)];
  return [
    ...blockProblems,
    // Sums over subnets that do not fit would be a second error with the same cause.
    ...(blockProblems.length === 0 ? [...subnetProblems(ours), ...addressProblems(ours)] : []),
    ...zoneProblems(ours),
  ];
}

/** Settings of a network of our own. */
type OwnSettings = Settings & { readonly vpc_cidr: string };

interface Block {
  readonly key: string;
  readonly text: string;
  readonly cidr: Cidr;
}

function blocksOf({ vpc_cidr, ...settings }: OwnSettings): [Block, ...Block[]] {
  const listed = (key: "vpc_private_subnets" | "vpc_public_subnets"): Block[] =>
    settings[key].map((text, index) => ({ key: `${key}[${index}]`, text, cidr: readCidr(text) }));
  const vpc = { key: "vpc_cidr", text: vpc_cidr, cidr: readCidr(vpc_cidr) };
  return [vpc, ...listed("vpc_private_subnets"), ...listed("vpc_public_subnets")];
}

/** The key of the subnets that the bastions stand in. */
const bastionKey = ({ network }: Settings) => (network === "public" ? "vpc_public_subnets" : "vpc_private_subnets");

function cidrProblems(settings: OwnSettings): Problem[] {
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

function roomProblems(settings: OwnSettings): Problem[] {
  const { vpc_cidr, vpc_private_subnets, vpc_public_subnets } = settings;
  const vpc = readCidr(vpc_cidr);
  const count = vpc_private_subnets.length + vpc_public_subnets.length;
  if (count * SMALLEST_SUBNET_ADDRESSES <= addressCount(vpc)) return [];
  const prefixLength = LONGEST_PREFIX - Math.ceil(Math.log2(count));
  const larger = formatCidr(readCidr(`${vpc_cidr.split("/")[0] ?? ""}/${prefixLength}`));
  const what =
    settings.network === "nat"
      ? `"vpc_cidr": ${vpc_private_subnets.length} private and ${vpc_public_subnets.length} public subnets`
      : `"${bastionKey(settings)}": ${count} subnets`;
  return [
    {
      message: `${what} do not fit in "${vpc_cidr}", because AWS's smallest subnet is a /${LONGEST_PREFIX}`,
      cure: `write "vpc_cidr": "${larger}" and /${LONGEST_PREFIX} subnets inside it, or fewer subnets`,
    },
  ];
}

function subnetProblems(settings: OwnSettings): Problem[] {
  const [vpc, ...subnets] = blocksOf(settings);
  return subnets.flatMap(({ key, text, cidr }, index) => {
    if (!contains(vpc.cidr, cidr))
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

function addressProblems(settings: OwnSettings): Problem[] {
  const { bastion_count, ec2messages_endpoint } = settings;
  const key = bastionKey(settings);
  const ofSessions = SSM_ENDPOINTS + (ec2messages_endpoint ? 1 : 0);
  const endpoints = settings.network === "private-link" ? ofSessions + preferredEndpoints(settings) : 0;
  const needed = Math.ceil(bastion_count / settings[key].length) + endpoints;
  return settings[key].flatMap((text, index) => {
    const free = addressCount(readCidr(text)) - RESERVED_ADDRESSES;
    if (needed <= free) return [];
    return [
      {
        message: `"bastion_count": ${bastion_count} do not fit: "${key}[${index}]" has ${free} free addresses, ${needed} are needed`,
        cure: "lower bastion_count, or take larger subnets",
      },
    ];
  });
}

/** KMS and CloudWatch Logs, where the session preferences need them. */
function preferredEndpoints({ session_preferences: preferences }: Settings): number {
  if (preferences === undefined) return 0;
  return preferences.cloud_watch_logs ? 2 : 1;
}

function zoneProblems(settings: OwnSettings): Problem[] {
  const { availability_zones: zones, aws_region } = settings;
  if (zones === undefined) return [];
  const foreign = zones.find((zone) => aws_region !== undefined && zone.slice(0, -1) !== aws_region);
  const count = settings[bastionKey(settings)].length;
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
