// The computer's clock made quicker: for tests in which real processes and sockets wait for times that are too long.
import { systemClock, type Clock } from "../../session-manager/clock.ts";

/** A minute of it passes in a minute divided by `factor`. */
export class QuickClock implements Clock {
  readonly #factor: number;
  readonly #start = systemClock.now();
  readonly #origin = performance.now();

  constructor(factor: number) {
    this.#factor = factor;
  }

  now(): number {
    return this.#start + Math.floor((performance.now() - this.#origin) * this.#factor);
  }

  schedule(delayMs: number, action: () => void): () => void {
    return systemClock.schedule(delayMs / this.#factor, action);
  }
}
