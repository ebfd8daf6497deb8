// Addresses to which AWS's agent forwards no port: metadata, DNS, time and licence servers of EC2.
import { BlockList, isIP } from "node:net";

/** Source: aws/amazon-ssm-agent agent/appconfig/constants.go (DeniedPortForwardingRemoteIPs). */
const FORBIDDEN_ADDRESSES = [
  "169.254.169.254",
  "169.254.169.253",
  "169.254.169.123",
  "169.254.169.250",
  "169.254.169.251",
  "fd00:ec2::254",
  "fd00:ec2::253",
  "fd00:ec2::123",
  "fd00:ec2::240",
];

const forbidden = new BlockList();
for (const address of FORBIDDEN_ADDRESSES) forbidden.addAddress(address, familyOf(address));

/**
 * Whether the host is one of these addresses, however it is written; a name is not looked up.
 *
 * The real agent also refuses the first four and the last address of the VPC, which the sandbox's agent does not know.
 */
export function isForbidden(host: string): boolean {
  return isIP(host) !== 0 && forbidden.check(host, familyOf(host));
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 6 ? "ipv6" : "ipv4";
}
