// The computer's clock, some time ahead of it or behind: for an AWS whose idea of the time is another.
import { systemClock, type Clock } from "../../session-manager/clock.ts";

/** Waits take as long as ever; only what `now` says is shifted. */
export class ShiftedClock implements Clock {
  /** Positive: ahead of this computer. */
  offsetMs = 0;

  now(): number {
    return systemClock.now() + this.offsetMs;
  }

  schedule(delayMs: number, action: () => void): () => void {
    return systemClock.schedule(delayMs, action);
  }
}
