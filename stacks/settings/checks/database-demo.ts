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
  return [
    ...(vpc_cidr === undefined ? unknownVpcProblems(demo) : vpcProblems(demo, { ...settings, vpc_cidr })),
    ...zoneProblems(demo),
  ];
}

/** Settings of a network of our own. */
type OwnSettings = Settings & { readonly vpc_cidr: string };

const takenBy = ({ vpc_private_subnets, vpc_public_subnets }: Settings): string[] => [
  ...vpc_private_subnets,
  ...vpc_public_subnets,
];

/** What is free in a VPC of somebody else's is known there. */
function unknownVpcProblems({ subnets }: DatabaseDemo): Problem[] {
  if (subnets !== undefined) return blockProblems(subnets, []);
  return [
    {
      message: `"${KEY}" cannot find free addresses in a VPC that "existing_network" names`,
      cure: `write "${KEY}": {"subnets": [two blocks that are free there]}`,
    },
  ];
}

function vpcProblems({ subnets }: DatabaseDemo, settings: OwnSettings): Problem[] {
  const { vpc_cidr } = settings;
  if (readCidr(vpc_cidr).prefixLength > LONGEST_PREFIX) return [tooSmallProblem(vpc_cidr)];
  if (subnets === undefined) return roomProblems(settings);
  const outside = subnets.filter((text) => !contains(readCidr(vpc_cidr), readCidr(text)));
  return [
    ...blockProblems(subnets, takenBy(settings)),
    ...outside.map((text) => ({
      message: `"${KEY}.subnets[${subnets.indexOf(text)}]": "${text}" is not inside "vpc_cidr", "${vpc_cidr}"`,
      cure: "take a block inside the VPC's",
    })),
  ];
}

function tooSmallProblem(cidr: string): Problem {
  const larger = formatCidr(readCidr(`${cidr.split("/")[0] ?? ""}/${LONGEST_PREFIX}`));
  return {
    message: `"${KEY}" takes two subnets in two zones, for which "vpc_cidr", "${cidr}", has no room`,
    cure: `write "vpc_cidr": "${larger}" and a subnet inside it for the bastion, such as "${lastSubnet(larger)}", or leave "${KEY}" out`,
  };
}

function roomProblems(settings: OwnSettings): Problem[] {
  const { vpc_cidr } = settings;
  const free = freeSubnets(readCidr(vpc_cidr), takenBy(settings).map(readCidr), SUBNETS);
  if (free.length === SUBNETS) return [];
  return [
    {
      message: `"${KEY}" finds no two /28 in "vpc_cidr", "${vpc_cidr}", that other subnets have left free`,
      cure: `name a smaller subnet for the bastion, such as "${lastSubnet(vpc_cidr)}", or a larger "vpc_cidr"`,
    },
  ];
}

/** The block's last /28. */
function lastSubnet(block: string): string {
  const vpc = readCidr(block);
  return formatCidr(freeSubnets(vpc, [], Infinity).at(-1) ?? vpc);
}

function blockProblems(subnets: readonly string[], taken: readonly string[]): Problem[] {
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
    const other = [...taken, ...subnets.slice(0, index)].find((each) => overlap(readCidr(each), block));
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
