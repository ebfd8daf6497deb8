// Delivery as a property: whatever happens on the way, bytes arrive whole, in order, once. `npm run fuzz` plays more.
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { muxSchedule, playMuxSchedule } from "./play-mux-schedule.ts";
import { playShellSchedule, shellSchedule } from "./play-shell-schedule.ts";
import { playStreamSchedule, streamSchedule } from "./play-stream-schedule.ts";

describe("a stream", () => {
  it("has its bytes whole, in order, once, whatever is dropped, doubled, damaged, late, cut or paused", async () => {
    await fc.assert(
      fc.asyncProperty(streamSchedule, async (schedule) => {
        expect(await playStreamSchedule(schedule)).toEqual([]);
      }),
      { numRuns: 1500 },
    );
  }, 120_000);
});

describe("a shell or a command", () => {
  it("has keys, sizes, both outputs and its exit code whole, in order, once, encrypted or not, whatever happens", async () => {
    await fc.assert(
      fc.asyncProperty(shellSchedule, async (schedule) => {
        expect(await playShellSchedule(schedule)).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  }, 120_000);
});

describe("connections of a port session", () => {
  it("keep bytes whole, in order, once; stay under their ceilings; and end, whatever happens", async () => {
    await fc.assert(
      fc.asyncProperty(muxSchedule, async (schedule) => {
        expect(await playMuxSchedule(schedule)).toEqual([]);
      }),
      { numRuns: 250 },
    );
  }, 120_000);
});
