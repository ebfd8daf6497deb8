// A sample of the fuzz run; `npm run fuzz` is the long one, with a new seed each time.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { branchOf, expectedBranches, fuzz, fuzzInput } from "./fuzz.ts";

describe("decoders", () => {
  it("give a value or a ProtocolError for every input, and every branch is reached", () => {
    const { branches } = fuzz(20_261_123, 0, 20_000);
    expect([...branches.keys()].sort()).toEqual([...expectedBranches].sort());
  });
});

describe("the list of decoders", () => {
  const wire = join(import.meta.dirname, "../../../session-manager/wire");
  const exported = readdirSync(wire).flatMap((file) => [
    ...readFileSync(join(wire, file), "utf8").matchAll(/^export function (decode\w+)/gm),
  ]);
  const list = readFileSync(join(import.meta.dirname, "decoders.ts"), "utf8");

  it("has every decoder of the wire", () => {
    const names = exported.map(([, name = ""]) => name).filter((name) => name !== "decodeJsonObject"); // theirs all
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !list.includes(name))).toEqual([]);
  });
});

describe("fuzzInput()", () => {
  it("is decided by seed and index alone", () => {
    const [one, again, other] = [fuzzInput(1, 500), fuzzInput(1, 500), fuzzInput(2, 500)];
    expect(one.bytes.equals(again.bytes)).toBe(true);
    expect(one.bytes.equals(other.bytes)).toBe(false);
  });

  it("is in more than half of all cases a valid message with one field changed", () => {
    const { kinds } = fuzz(7, 0, 2000);
    expect(kinds.get("one field changed")).toBeGreaterThan(1200);
  });
});

describe("branchOf()", () => {
  const input = (decode: (bytes: Buffer) => unknown, kind: "valid" | "broken" = "broken") => ({
    ...fuzzInput(1, 0),
    decoder: { name: "sample", decode, make: () => Buffer.alloc(0) },
    kind,
  });

  it("fails for an error that is no ProtocolError, with the command that replays it", () => {
    const broken = input(() => {
      throw new RangeError("out of range");
    });
    expect(() => branchOf(broken)).toThrow(/threw RangeError.*\nreplay: npm run fuzz -- --seed 1 --only 0$/);
  });

  it("fails for a result that is larger than its input can be", () => {
    expect(() => branchOf(input(() => "x".repeat(100_000)))).toThrow("took 100001 steps");
  });
});
