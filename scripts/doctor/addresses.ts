// Which addresses and ports a rule of a firewall speaks of.
import { BlockList } from "node:net";
import type { RuleFacts } from "../command/network-facts.ts";

/** Where an interface endpoint listens. */
export const HTTPS_PORT = 443;
export const ANYWHERE = "0.0.0.0/0";

/** Whether the IPv4 CIDR holds the address; of ANYWHERE for an address only another ANYWHERE does. */
export function holds(cidr: string, address: string): boolean {
  if (cidr === ANYWHERE || address === ANYWHERE) return cidr === ANYWHERE;
  const [network = "", prefix = "32"] = cidr.split("/");
  if (!network.includes(".")) return false;
  const block = new BlockList();
  block.addSubnet(network, Number(prefix));
  return block.check(address);
}

/** Whether these ports, of this protocol, include the TCP port. */
export function includesPort(
  { protocol, from, to }: Pick<RuleFacts, "protocol" | "from" | "to">,
  port: number,
): boolean {
  if (protocol === "-1") return true;
  return (protocol === "tcp" || protocol === "6") && port >= (from ?? 0) && port <= (to ?? 65_535);
}
