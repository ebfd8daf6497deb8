// CIDR blocks: what is one, and which lies in which.
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { addressCount, contains, formatCidr, overlap, parseAddress, parseCidr } from "../../../stacks/network/cidr.ts";

const block = (text: string) => {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new TypeError(text);
  return cidr;
};

describe("parseCidr()", () => {
  it("reads network and prefix length", () => {
    expect(parseCidr("10.10.0.240/28")).toEqual({ network: 0x0a0a00f0, prefixLength: 28 });
  });

  it("drops the bits behind the prefix, as AWS does", () => {
    expect(formatCidr(block("10.10.0.255/28"))).toBe("10.10.0.240/28");
  });

  it("reads the whole internet and the last address", () => {
    expect(addressCount(block("0.0.0.0/0"))).toBe(2 ** 32);
    expect(block("255.255.255.255/32").network).toBe(2 ** 32 - 1);
  });

  it.each(["", "10.0.0.0", "10.0.0/8", "10.0.0.0/33", "10.0.0.256/8", "010.0.0.0/8", "::/0", "10.0.0.0/8 ", "a/b"])(
    "refuses %j",
    (text) => {
      expect(parseCidr(text)).toBeUndefined();
    },
  );

  it("reads back what formatCidr() writes", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        fc.integer({ min: 0, max: 32 }),
        (address, prefixLength) => {
          const size = 2 ** (32 - prefixLength);
          const cidr = { network: Math.floor(address / size) * size, prefixLength };
          expect(parseCidr(formatCidr(cidr))).toEqual(cidr);
        },
      ),
    );
  });
});

describe("parseAddress()", () => {
  it("refuses a leading zero, which some programs read as octal", () => {
    expect(parseAddress("10.0.0.010")).toBeUndefined();
  });
});

describe("contains()", () => {
  it.each([
    ["10.0.0.0/8", "10.255.255.255/32", true],
    ["10.0.0.0/8", "10.0.0.0/8", true],
    ["10.0.0.0/8", "11.0.0.0/32", false],
    ["10.0.0.0/16", "10.0.0.0/8", false],
    ["0.0.0.0/0", "255.255.255.255/32", true],
  ])("%s holds %s: %s", (outer, inner, expected) => {
    expect(contains(block(outer), block(inner))).toBe(expected);
  });
});

describe("overlap()", () => {
  it.each([
    ["10.0.0.0/27", "10.0.0.16/28", true],
    ["10.0.0.16/28", "10.0.0.0/27", true],
    ["10.0.0.0/28", "10.0.0.16/28", false],
  ])("%s and %s share addresses: %s", (one, other, expected) => {
    expect(overlap(block(one), block(other))).toBe(expected);
  });
});
