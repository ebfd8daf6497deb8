import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { overLanes, partLength, planParts } from "../../../scripts/copy/parts.ts";
import { LaneLostError, type ScriptRunner } from "../../../scripts/copy/remote-files.ts";

interface TestLane extends ScriptRunner {
  isLost: boolean;
}

function lane(): TestLane {
  return {
    isLost: false,
    run: () => {
      throw new TypeError("no script runs here");
    },
  };
}

describe("planParts()", () => {
  it("covers the file once, without a gap, in parts of at most 4 MiB", () => {
    fc.assert(
      fc.property(fc.nat(2 ** 32), fc.integer({ min: 1, max: 32 }), (size, lanes) => {
        const parts = planParts(size, partLength(size, lanes));
        let end = 0;
        for (const { offset, length } of parts) {
          expect(offset).toBe(end);
          expect(length).toBeGreaterThan(0);
          expect(length).toBeLessThanOrEqual(4 * 1024 * 1024);
          end += length;
        }
        expect(end).toBe(size);
      }),
      { numRuns: 50 },
    );
  });

  it("has no part for an empty file", () => {
    expect(planParts(0, partLength(0, 8))).toEqual([]);
  });

  it("gives each lane work where the file is large enough", () => {
    expect(planParts(8 * 1024 * 1024, partLength(8 * 1024 * 1024, 8)).length).toBeGreaterThanOrEqual(8);
  });
});

describe("overLanes()", () => {
  it("does each item once, one at a time on each lane", async () => {
    const lanes = [lane(), lane()];
    const busy = new Set<TestLane>();
    const done: number[] = [];
    await overLanes(lanes, [1, 2, 3, 4, 5], async (item, on) => {
      expect(busy.has(on)).toBe(false);
      busy.add(on);
      await new Promise(setImmediate);
      busy.delete(on);
      done.push(item);
    });
    expect(done.sort()).toEqual([1, 2, 3, 4, 5]);
  });

  it("leaves a lost lane's item to the others, also when they are done already", async () => {
    const [good, bad] = [lane(), lane()];
    const done: number[] = [];
    await overLanes([good, bad], [1, 2], async (item, on) => {
      if (on === bad) {
        for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
        bad.isLost = true;
        throw new LaneLostError("gone");
      }
      done.push(item);
    });
    expect(done.sort()).toEqual([1, 2]);
  });

  it("fails with LaneLostError when all lanes are lost", async () => {
    const only = lane();
    const work = (): Promise<void> => {
      only.isLost = true;
      return Promise.reject(new LaneLostError("gone"));
    };
    await expect(overLanes([only], [1], work)).rejects.toThrow(LaneLostError);
  });

  it("fails with the work's own error, and begins nothing after it", async () => {
    const begun: number[] = [];
    const work = (item: number): Promise<void> => {
      begun.push(item);
      return Promise.reject(new RangeError("no"));
    };
    await expect(overLanes([lane()], [1, 2, 3], work)).rejects.toThrow(RangeError);
    expect(begun).toEqual([1]);
  });
});
