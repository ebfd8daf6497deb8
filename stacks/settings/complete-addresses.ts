// The addresses of VPC and subnets where the settings name none: small ones that suit the kind of network.
import { formatCidr, halves } from "../network/cidr.ts";
import { readCidr } from "./checks/read-cidr.ts";
import type { Settings, SettingsFile } from "./schema.ts";

/** The smallest VPC that holds the network's subnets; an existing one has addresses of its own. */
const DEFAULT_CIDRS: Readonly<Record<SettingsFile["network"], string | undefined>> = {
  "private-link": "10.10.0.240/28",
  public: "10.10.0.240/28",
  nat: "10.10.0.224/27",
  existing: undefined,
};
const LONGEST_PREFIX_OF_TWO_SUBNETS = 27;

type Addresses = Pick<Settings, "vpc_cidr" | "vpc_private_subnets" | "vpc_public_subnets">;

/** What is written stays as it is, even where it does nothing: the checks find it there. */
export function completeAddresses(file: SettingsFile): Addresses {
  const { network, vpc_cidr: written } = file;
  const vpc_cidr = written ?? DEFAULT_CIDRS[network];
  const defaults = vpc_cidr === undefined ? NONE : defaultSubnets(file, vpc_cidr);
  return {
    vpc_cidr,
    vpc_private_subnets: file.vpc_private_subnets ?? defaults.vpc_private_subnets,
    vpc_public_subnets: file.vpc_public_subnets ?? defaults.vpc_public_subnets,
  };
}

type Subnets = Omit<Addresses, "vpc_cidr">;

const NONE: Subnets = { vpc_private_subnets: [], vpc_public_subnets: [] };

function defaultSubnets({ network, vpc_private_subnets, vpc_public_subnets }: SettingsFile, cidr: string): Subnets {
  switch (network) {
    case "private-link":
      return { ...NONE, vpc_private_subnets: [cidr] };
    case "public":
      return { ...NONE, vpc_public_subnets: [cidr] };
    case "nat":
      // Half of a VPC is no fitting neighbour for a subnet that somebody chose: both are taken, or neither.
      return (vpc_private_subnets ?? vpc_public_subnets) === undefined ? halvesOf(cidr) : NONE;
    case "existing":
      return NONE;
  }
}

/** The NAT gateway in the lower half, the bastions in the upper one. */
function halvesOf(text: string): Subnets {
  const vpc = readCidr(text);
  // Halves of a smaller one would be a second error with the same cause.
  if (vpc.prefixLength > LONGEST_PREFIX_OF_TWO_SUBNETS)
    return { vpc_private_subnets: [text], vpc_public_subnets: [text] };
  const [lower, upper] = halves(vpc);
  return { vpc_private_subnets: [formatCidr(upper)], vpc_public_subnets: [formatCidr(lower)] };
}
