// When an agent that could not register tries again.
import { describe, expect, it } from "@jest/globals";
import { describeRange, nextAttempt } from "../../../scripts/doctor/next-attempt.ts";

const MINUTE_MS = 60_000;

describe("nextAttempt()", () => {
  // Attempts at 0, 5, 15, 35, 75, 135, 195 minutes after a boot of up to 2 minutes.
  it.each([
    [0, 0, 2],
    [3, 2, 4],
    [10, 5, 7],
    [16, 0, 1],
    [18, 17, 19],
    [36, 0, 1],
    [76, 0, 1],
    [100, 35, 37],
    [140, 55, 57],
    [1_000, 35, 37],
  ])("%i min after the launch, comes in %i to %i min", (ageMin, earliest, latest) => {
    const range = nextAttempt(ageMin * MINUTE_MS);
    expect([range.earliestMs / MINUTE_MS, range.latestMs / MINUTE_MS]).toEqual([earliest, latest]);
  });
});

describe("describeRange()", () => {
  it("rounds outwards", () => {
    expect(describeRange({ earliestMs: 1.9 * MINUTE_MS, latestMs: 3.1 * MINUTE_MS })).toBe("in 1 to 4 min");
  });
});
