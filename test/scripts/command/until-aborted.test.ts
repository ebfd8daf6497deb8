// Waits that a signal ends.
import { describe, expect, it } from "@jest/globals";
import { getEventListeners } from "node:events";
import { untilAborted } from "../../../scripts/command/until-aborted.ts";

describe("untilAborted()", () => {
  it("passes on what the work comes to, and leaves no listener", async () => {
    const { signal } = new AbortController();
    await expect(untilAborted(Promise.resolve(7), signal)).resolves.toBe(7);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("fails with the signal's reason when that comes first", async () => {
    const controller = new AbortController();
    const waiting = untilAborted(new Promise(() => undefined), controller.signal);
    controller.abort(new RangeError("ended"));
    await expect(waiting).rejects.toThrow(RangeError);
  });

  it("fails at once when the signal has come already", async () => {
    await expect(untilAborted(Promise.resolve(7), AbortSignal.abort(new RangeError("ended")))).rejects.toThrow("ended");
  });
});
