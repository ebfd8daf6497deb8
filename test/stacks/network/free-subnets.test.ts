// Which blocks of a VPC are free for further subnets.
import { describe, expect, it } from "@jest/globals";
import { formatCidr, parseCidr, type Cidr } from "../../../stacks/network/cidr.ts";
import { freeSubnets } from "../../../stacks/network/free-subnets.ts";

const block = (text: string): Cidr => parseCidr(text) ?? { network: 0, prefixLength: 0 };
const free = (vpc: string, taken: readonly string[], wanted = 2): string[] =>
  freeSubnets(block(vpc), taken.map(block), wanted).map(formatCidr);

describe("freeSubnets()", () => {
  it("takes the first blocks", () => {
    expect(free("10.0.0.0/24", [])).toEqual(["10.0.0.0/28", "10.0.0.16/28"]);
  });

  it("goes around what is taken, whether smaller or larger than a /28", () => {
    expect(free("10.0.0.0/24", ["10.0.0.0/27", "10.0.0.48/29"])).toEqual(["10.0.0.32/28", "10.0.0.64/28"]);
  });

  it("finds fewer where there is no room", () => {
    expect(free("10.0.0.0/27", ["10.0.0.16/28"])).toEqual(["10.0.0.0/28"]);
    expect(free("10.0.0.0/28", ["10.0.0.0/28"])).toEqual([]);
  });
});
