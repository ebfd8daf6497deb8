// What becomes of findings.
import { describe, expect, it } from "@jest/globals";
import { type Check, type Finding, broken, examineAll, ok, unsure } from "../../../scripts/doctor/check.ts";

const check = (name: string, finding: Finding): Check => ({ name, examine: () => Promise.resolve(finding) });
const neverAsked: Check = { name: "last", examine: () => Promise.reject(new RangeError("asked")) };
const rethrow = (error: unknown): Finding => {
  throw error;
};

describe("examineAll()", () => {
  it("goes on past what is fine and what is doubtful, and tells each as it comes", async () => {
    const told: string[] = [];
    const checks = [check("a", ok("1")), check("b", unsure("2")), check("c", ok("3"))];
    await examineAll(checks, rethrow, ({ name }) => told.push(name));
    expect(told).toEqual(["a", "b", "c"]);
  });

  it("examines nothing behind the first broken link", async () => {
    const results = await examineAll([check("a", broken("1", "cure")), neverAsked], rethrow, () => undefined);
    expect(results).toEqual([
      { name: "a", verdict: "broken", evidence: "1", cure: "cure" },
      { name: "last", verdict: "not checked", because: "a" },
    ]);
  });

  it("takes an error for what it is explained as", async () => {
    const results = await examineAll(
      [neverAsked],
      (error) => broken(String(error), ""),
      () => undefined,
    );
    expect(results[0]).toMatchObject({ verdict: "broken", evidence: "RangeError: asked" });
  });
});
