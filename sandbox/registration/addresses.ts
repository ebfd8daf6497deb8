// Which addresses and ports a rule of a security group or of a network ACL speaks of.
import { BlockList } from "node:net";
import type { Ports } from "./facts.ts";

export const HTTPS_PORT = 443;

/** Any public address: where AWS's own endpoints are is not known, so only a rule for all addresses covers it. */
export const ANYWHERE = "0.0.0.0/0";

/** Whether an IPv4 CIDR contains an address, or, for ANYWHERE, all of them. */
export function contains(cidr: string, address: string): boolean {
  if (cidr === ANYWHERE || address === ANYWHERE) return cidr === ANYWHERE;
  const [network = "", prefix] = cidr.split("/");
  if (!network.includes(".")) return false; // an IPv6 one
  const block = new BlockList();
  block.addSubnet(network, Number(prefix));
  return block.check(address);
}

/** Whether a rule speaks of this TCP port. */
export function includesTcpPort({ protocol, from, to }: Ports, port: number): boolean {
  if (protocol === "-1") return true;
  if (protocol !== "6" && protocol !== "tcp") return false;
  return port >= (from ?? 0) && port <= (to ?? 65_535);
}
