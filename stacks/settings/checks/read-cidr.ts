// Blocks of settings that the schema has seen.
import { parseCidr, type Cidr } from "../../network/cidr.ts";

/** The schema has parsed it before, so there is always one. */
export function readCidr(text: string): Cidr {
  return parseCidr(text) ?? { network: 0, prefixLength: 0 };
}
