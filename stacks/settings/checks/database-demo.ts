// Whether the VPC has room for the database, which takes two subnets in two zones.
import { contains, formatCidr, overlap } from "../../network/cidr.ts";
import { freeSubnets } from "../../network/free-subnets.ts";
import type { Settings } from "../schema.ts";
import type { DatabaseDemo } from "../sections/database-demo.ts";
import type { Problem } from "../settings-error.ts";
import { readCidr } from "./read-cidr.ts";

const KEY = "database_demo";
const SUBNETS = 2;
/** Two subnets of the database, and one of the bastion: a /27 has room for two only. */
const LONGEST_PREFIX = 26;

export function databaseDemoProblems(settings: Settings): Problem[] {
  const { database_demo: demo, vpc_cidr } = settings;
  if (demo === undefined) return [];
  const vpc = readCidr(vpc_cidr);
  if (vpc.prefixLength > LONGEST_PREFIX) {
    const larger = formatCidr(readCidr(`${vpc_cidr.split("/")[0] ?? ""}/${LONGEST_PREFIX}`));
    return [
      {
        message: `"${KEY}" takes two subnets in two zones, for which "vpc_cidr", "${vpc_cidr}", has no room`,
        cure: `write "vpc_cidr": "${larger}" and "vpc_private_subnets": [${JSON.stringify(lastSubnet(larger))}], or leave "${KEY}" out`,
      },
    ];
  }
  const placeProblems = demo.subnets === undefined ? roomProblems(settings) : subnetProblems(demo.subnets, settings);
  return [...placeProblems, ...zoneProblems(demo)];
}

/** The block's last /28. */
function lastSubnet(block: string): string {
  const vpc = readCidr(block);
  const all = freeSubnets(vpc, [], Infinity);
  return formatCidr(all.at(-1) ?? vpc);
}

function roomProblems({ vpc_cidr, vpc_private_subnets }: Settings): Problem[] {
  const free = freeSubnets(readCidr(vpc_cidr), vpc_private_subnets.map(readCidr), SUBNETS);
  if (free.length === SUBNETS) return [];
  return [
    {
      message: `"${KEY}" finds no two /28 in "vpc_cidr", "${vpc_cidr}", that "vpc_private_subnets" have left free`,
      cure: `write "vpc_private_subnets": [${JSON.stringify(lastSubnet(vpc_cidr))}], or a larger "vpc_cidr"`,
    },
  ];
}

function subnetProblems(subnets: readonly string[], { vpc_cidr, vpc_private_subnets }: Settings): Problem[] {
  return subnets.flatMap((text, index) => {
    const key = `${KEY}.subnets[${index}]`;
    const block = readCidr(text);
    if (formatCidr(block) !== text)
      return [
        {
          message: `"${key}": "${text}" begins inside a block, not at its start`,
          cure: `write "${formatCidr(block)}"`,
        },
      ];
    if (!contains(readCidr(vpc_cidr), block))
      return [
        {
          message: `"${key}": "${text}" is not inside "vpc_cidr", "${vpc_cidr}"`,
          cure: "take a block inside the VPC's",
        },
      ];
    const other = [...vpc_private_subnets, ...subnets.slice(0, index)].find((each) => overlap(readCidr(each), block));
    if (other === undefined) return [];
    return [
      {
        message: `"${key}": "${text}" shares addresses with "${other}"`,
        cure: "give each subnet addresses of its own",
      },
    ];
  });
}

function zoneProblems({ availability_zones: zones = [] }: DatabaseDemo): Problem[] {
  const [one, other] = zones;
  if (one === undefined || one !== other) return [];
  return [{ message: `"${KEY}.availability_zones": "${one}" stands there twice`, cure: "name two zones" }];
}
