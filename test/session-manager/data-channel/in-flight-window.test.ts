// The pacing window: how it grows, and what makes it shrink.
import { describe, expect, it } from "@jest/globals";
import {
  InFlightWindow,
  INITIAL_WINDOW_BYTES,
  MAX_WINDOW_BYTES,
  MIN_WINDOW_BYTES,
} from "../../../session-manager/data-channel/in-flight-window.ts";

/** Lets rounds pass in which the source had to wait and the shortest round trip was this. */
function pass(window: InFlightWindow, roundTripMs: number, rounds = 1, isFull = true): void {
  for (let round = 0; round < rounds; round += 1) {
    if (isFull) window.noteFull();
    window.acknowledged(Number.MAX_SAFE_INTEGER, roundTripMs, 0);
  }
}

describe("InFlightWindow", () => {
  it("starts at 64 KiB", () => {
    expect(new InFlightWindow().bytes).toBe(INITIAL_WINDOW_BYTES);
  });

  it("doubles every second round while no queueing shows: what is acknowledged in between was sent before", () => {
    const window = new InFlightWindow();
    pass(window, 100, 5);
    expect(window.bytes).toBe(8 * INITIAL_WINDOW_BYTES);
  });

  it("never passes its ceiling", () => {
    const window = new InFlightWindow();
    pass(window, 100, 100);
    expect(window.bytes).toBe(MAX_WINDOW_BYTES);
  });

  it("does not grow when the source never had to wait", () => {
    const window = new InFlightWindow();
    pass(window, 100, 10, false);
    expect(window.bytes).toBe(INITIAL_WINDOW_BYTES);
  });

  it("changes at most once for each round", () => {
    const window = new InFlightWindow();
    window.noteFull();
    window.acknowledged(0, 100, 64);
    for (let number = 1; number < 64; number += 1) {
      window.noteFull();
      window.acknowledged(number, 100, 128);
    }
    expect(window.bytes).toBe(2 * INITIAL_WINDOW_BYTES);
  });

  it("stops doubling when queueing passes half its target, and then grows by less than a quarter", () => {
    const window = new InFlightWindow();
    pass(window, 100);
    pass(window, 130);
    const before = window.bytes;
    pass(window, 100);
    expect(window.bytes).toBe(Math.round(before * 1.25));
  });

  it("stays where it is when queueing is on target", () => {
    const window = new InFlightWindow();
    pass(window, 100, 5);
    pass(window, 150);
    expect(window.bytes).toBe(8 * INITIAL_WINDOW_BYTES);
  });

  it("shrinks by at most a quarter a round when queueing is beyond its target", () => {
    const window = new InFlightWindow();
    pass(window, 100, 5);
    pass(window, 10_000);
    expect(window.bytes).toBe(6 * INITIAL_WINDOW_BYTES);
  });

  it("shrinks although the source never had to wait", () => {
    const window = new InFlightWindow();
    pass(window, 100, 5);
    pass(window, 10_000, 1, false);
    expect(window.bytes).toBe(6 * INITIAL_WINDOW_BYTES);
  });

  it("counts the shortest round trip of a round, so that one late acknowledgement is no queue", () => {
    const window = new InFlightWindow();
    pass(window, 100);
    window.acknowledged(0, 100, 2);
    window.noteFull();
    window.acknowledged(1, 9000, 2);
    window.noteFull();
    window.acknowledged(1, 100, 2);
    window.noteFull();
    window.acknowledged(2, 9000, 4);
    expect(window.bytes).toBe(4 * INITIAL_WINDOW_BYTES);
  });

  it("halves when a message is resent, once a round", () => {
    const window = new InFlightWindow();
    pass(window, 100, 5);
    for (const number of [10, 11, 12]) window.resent(number, 20);
    expect(window.bytes).toBe(4 * INITIAL_WINDOW_BYTES);
    window.resent(20, 30);
    expect(window.bytes).toBe(2 * INITIAL_WINDOW_BYTES);
  });

  it("never goes below 32 KiB", () => {
    const window = new InFlightWindow();
    for (let number = 0; number < 100; number += 1) window.resent(number, number + 1);
    expect(window.bytes).toBe(MIN_WINDOW_BYTES);
  });

  it("learns no round trip from a message that was sent twice", () => {
    const window = new InFlightWindow();
    pass(window, 100);
    window.noteFull();
    window.acknowledged(0, undefined, 0);
    expect(window.bytes).toBe(2 * INITIAL_WINDOW_BYTES);
  });

  it("forgets the shortest round trip on another path", () => {
    const window = new InFlightWindow();
    pass(window, 1);
    window.changePath();
    pass(window, 500, 3);
    expect(window.bytes).toBe(4 * INITIAL_WINDOW_BYTES);
  });
});
