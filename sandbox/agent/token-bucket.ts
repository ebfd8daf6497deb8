// Pacing of output: so many messages a millisecond on average, however late the computer's timers are.
import type { Clock } from "../../session-manager/clock.ts";

/** Messages that may be made up for after a late timer; a timer for each message falls to half the pace. */
const MAX_BURST = 20;

/** Hands out one token for each interval that passes. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #intervalMs: () => number;
  #filledAtMs: number;
  #tokens = 1;

  /** `intervalMs` is read at each step; 0 hands out tokens without end. */
  constructor(clock: Clock, intervalMs: () => number) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#filledAtMs = clock.now();
  }

  /** Takes a token; false if there is none yet. */
  take(): boolean {
    const intervalMs = this.#intervalMs();
    if (intervalMs <= 0) return true;
    const now = this.#clock.now();
    this.#tokens = Math.min(MAX_BURST, this.#tokens + (now - this.#filledAtMs) / intervalMs);
    this.#filledAtMs = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Resolves when there is likely a token; ask `take` then. */
  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.schedule(Math.max(1, Math.ceil(this.#intervalMs())), resolve);
    });
  }
}
