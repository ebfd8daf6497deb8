// The retransmission timeout, against numbers worked out by hand.
import { describe, expect, it } from "@jest/globals";
import { RoundTrip } from "../../../session-manager/data-channel/round-trip.ts";

describe("RoundTrip", () => {
  it("starts at 1 s", () => {
    expect(new RoundTrip().timeoutMs).toBe(1000);
  });

  it("weighs variation by a quarter and the round trip by an eighth", () => {
    const roundTrip = new RoundTrip();
    roundTrip.measure(500); // variation 0.25 * |100 - 500| = 100, smoothed 100 + 0.125 * 400 = 150
    expect(roundTrip.timeoutMs).toBe(150 + 4 * 100);
  });

  it("takes the variation from the round trip before this one", () => {
    const roundTrip = new RoundTrip();
    roundTrip.measure(500);
    roundTrip.measure(500); // variation 0.75 * 100 + 0.25 * 350 = 162.5, smoothed 150 + 350 / 8 = 193.75
    expect(roundTrip.timeoutMs).toBe(193.75 + 4 * 162.5);
  });

  it("never goes below 200 ms, however fast the agent is", () => {
    const roundTrip = new RoundTrip();
    for (let count = 0; count < 100; count += 1) roundTrip.measure(1);
    expect(roundTrip.timeoutMs).toBe(200);
  });

  it("never goes beyond 10 s, however slow the agent is", () => {
    const roundTrip = new RoundTrip();
    roundTrip.measure(100_000);
    expect(roundTrip.timeoutMs).toBe(10_000);
  });

  it("doubles when it expires, up to 10 s", () => {
    const roundTrip = new RoundTrip();
    const timeouts = [1, 2, 3, 4, 5, 6, 7].map(() => {
      roundTrip.backOff();
      return roundTrip.timeoutMs;
    });
    expect(timeouts).toEqual([2000, 4000, 8000, 10_000, 10_000, 10_000, 10_000]);
  });

  it("forgets the doubling at the next measure", () => {
    const roundTrip = new RoundTrip();
    roundTrip.backOff();
    roundTrip.measure(100);
    expect(roundTrip.timeoutMs).toBe(200);
  });

  it("takes a round trip below 0, from a clock that was set back, for 0", () => {
    const roundTrip = new RoundTrip();
    roundTrip.measure(-3_600_000);
    expect(roundTrip.timeoutMs).toBe(200);
  });
});
