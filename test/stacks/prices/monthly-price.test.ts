// What synthesis says of the price: counted from the stack, by the table's prices.
import { describe, expect, it } from "@jest/globals";
import { priceLines } from "../../../stacks/prices/monthly-price.ts";
import { synthesize } from "../synthesized.ts";

const priceOf = (settings: object): string => priceLines([synthesize(settings).json])[0] ?? "";

describe("priceLines()", () => {
  it("tells of the isolated bastion: three endpoints, and what the instance takes", () => {
    expect(priceLines([synthesize().json])).toEqual([
      "stacks: note: about $29.44 a month: 3 interface endpoints $21.90, 1 t3.nano $3.80, " +
        "1 detailed monitoring $2.10, 8 GiB of gp3 $0.64, 1 KMS key $1.00",
      "stacks: note: list prices of us-east-1 in 2026-02; traffic, logs and requests come on top",
    ]);
  });

  it("counts an endpoint once for each subnet", () => {
    const subnets = { vpc_cidr: "10.0.0.0/24", vpc_private_subnets: ["10.0.0.0/28", "10.0.0.16/28"] };
    expect(priceOf({ ...subnets, ec2messages_endpoint: false })).toContain("4 interface endpoints $29.20");
  });

  it("has no endpoints with a NAT gateway, but the gateway and its address", () => {
    expect(priceOf({ network: "nat" })).toContain(": 1 NAT gateway $32.85, 1 public address $3.65, 1 t3.nano");
  });

  it("counts the public address of each bastion, and another type's price", () => {
    expect(priceOf({ network: "public", bastion_count: 2, instance_type: "t4g.nano" })).toContain(
      ": 2 public addresses $7.30, 2 t4g.nano $6.13, 2 detailed monitoring $4.20, 16 GiB of gp3 $1.28",
    );
  });

  it("says that it does not know a type's price, instead of leaving it out", () => {
    const line = priceOf({ network: "public", instance_type: "m9z.large" });
    expect(line).toContain("about $7.39 a month and what m9z.large costs: ");
    expect(line).toContain("1 m9z.large (price unknown)");
  });

  it("says nothing of stacks without a price, and puts several together", () => {
    expect(priceLines([{}])).toEqual([]);
    const keys = { resource: { aws_kms_key: { one: {}, two: {} } } };
    expect(priceLines([keys, keys])[0]).toBe("stacks: note: about $4.00 a month: 4 KMS keys $4.00");
  });
});
