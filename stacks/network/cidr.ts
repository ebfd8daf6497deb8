// IPv4 CIDR blocks: reading them, and whether one lies in another.

/** A block of addresses; `network` is its first one as an unsigned 32-bit number. */
export interface Cidr {
  readonly network: number;
  /** 0 to 32. */
  readonly prefixLength: number;
}

const CIDR_PATTERN = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/;
const ADDRESS_BITS = 32;

/** The address as an unsigned 32-bit number, or undefined when it is not an IPv4 address in four decimal parts. */
export function parseAddress(text: string): number | undefined {
  const parts = text.split(".");
  const isAddress = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
  return isAddress ? parts.reduce((sum, part) => sum * 256 + Number(part), 0) : undefined;
}

/**
 * The block, or undefined when the text is not one. Bits behind the prefix are dropped, as AWS drops them;
 * compare with `formatCidr` to tell whether there were any.
 */
export function parseCidr(text: string): Cidr | undefined {
  const [, addressText = "", prefixText = ""] = CIDR_PATTERN.exec(text) ?? [];
  const address = parseAddress(addressText);
  const prefixLength = Number(prefixText);
  if (address === undefined || prefixLength > ADDRESS_BITS) return undefined;
  const size = 2 ** (ADDRESS_BITS - prefixLength);
  return { network: Math.floor(address / size) * size, prefixLength };
}

/** How many addresses the block holds. */
export function addressCount({ prefixLength }: Cidr): number {
  return 2 ** (ADDRESS_BITS - prefixLength);
}

export function formatCidr({ network, prefixLength }: Cidr): string {
  const parts = [24, 16, 8, 0].map((shift) => Math.floor(network / 2 ** shift) % 256);
  return `${parts.join(".")}/${prefixLength}`;
}

/** Whether all of `inner` lies in `outer`. */
export function contains(outer: Cidr, inner: Cidr): boolean {
  const end = (block: Cidr): number => block.network + addressCount(block);
  return inner.network >= outer.network && end(inner) <= end(outer);
}

/** Whether the two share an address; blocks are aligned, so one then contains the other. */
export function overlap(one: Cidr, other: Cidr): boolean {
  return contains(one, other) || contains(other, one);
}

/** The lower and the upper half of a block of two addresses or more. */
export function halves({ network, prefixLength }: Cidr): [Cidr, Cidr] {
  const half = { network, prefixLength: prefixLength + 1 };
  return [half, { ...half, network: network + addressCount(half) }];
}
