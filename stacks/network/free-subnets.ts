// Room in a VPC: the first blocks that no subnet has taken.
import { addressCount, contains, overlap, type Cidr } from "./cidr.ts";

/** AWS's smallest subnet. */
const SUBNET_PREFIX_LENGTH = 28;

/** The first /28 blocks of the VPC that share no address with what is taken; fewer than wanted where there is no room. */
export function freeSubnets(vpc: Cidr, taken: readonly Cidr[], wanted: number): Cidr[] {
  const found: Cidr[] = [];
  let candidate: Cidr = { network: vpc.network, prefixLength: SUBNET_PREFIX_LENGTH };
  while (found.length < wanted && contains(vpc, candidate)) {
    const { network } = candidate;
    if (!taken.some((block) => overlap(block, candidate))) found.push(candidate);
    candidate = { network: network + addressCount(candidate), prefixLength: SUBNET_PREFIX_LENGTH };
  }
  return found;
}
