// A Clock whose hands only the test turns.
import type { Clock } from "../../session-manager/clock.ts";

interface Alarm {
  readonly at: number;
  readonly action: () => void;
}

/** Starts at `start`, and runs what is due, in order of time, when told to advance. */
export class FakeClock implements Clock {
  #now: number;
  readonly #alarms = new Set<Alarm>();

  constructor(start = 1_700_000_000_000) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  /** How many waits are under way; a test that ends with some has found a leak. */
  get pending(): number {
    return this.#alarms.size;
  }

  schedule(delayMs: number, action: () => void): () => void {
    const alarm = { at: this.#now + delayMs, action };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** Lets `durationMs` pass; promises get their turn before, between and after alarms. */
  async advance(durationMs: number): Promise<void> {
    const end = this.#now + durationMs;
    await settle();
    for (let alarm = this.#next(end); alarm !== undefined; alarm = this.#next(end)) {
      this.#now = Math.max(this.#now, alarm.at);
      this.#alarms.delete(alarm);
      alarm.action();
      await settle();
    }
    this.#now = end;
  }

  #next(end: number): Alarm | undefined {
    let next: Alarm | undefined;
    for (const alarm of this.#alarms) if (alarm.at <= end && (next === undefined || alarm.at < next.at)) next = alarm;
    return next;
  }
}

/** Gives promises that are already settled, and what hangs on them, their turn. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
