// The probe that notices a peer which is gone without having said so.
import type { Clock } from "../clock.ts";

/** A ping this often keeps proxies that cut at 60 s of silence from cutting. */
export const PING_INTERVAL_MS = 30_000;

/** After a ping, anything at all must be heard within this time: a dead peer is noticed after 45 s at the latest. */
export const PING_ANSWER_LIMIT_MS = 15_000;

/** What a liveness probe needs. */
export interface LivenessOptions {
  readonly clock: Clock;
  readonly ping: () => void;
  readonly onDead: () => void;
}

/** Pings, and listens: any sign of life counts, not only the pong. */
export class Liveness {
  readonly #options: LivenessOptions;
  #hasHeard = false;
  #isDeaf = false;
  #cancel: () => void;

  constructor(options: LivenessOptions) {
    this.#options = options;
    this.#cancel = this.#schedulePing();
  }

  /** Something came from the peer. */
  heard(): void {
    this.#hasHeard = true;
  }

  /** While nobody reads, silence says nothing about the peer. */
  setDeaf(isDeaf: boolean): void {
    this.#isDeaf = isDeaf;
    this.#hasHeard = true; // the answer to the last ping may have waited, and comes later than it would have
  }

  /** Ends the probe. */
  stop(): void {
    this.#cancel();
  }

  #schedulePing(): () => void {
    return this.#options.clock.schedule(PING_INTERVAL_MS - PING_ANSWER_LIMIT_MS, () => {
      this.#hasHeard = false;
      this.#options.ping();
      this.#cancel = this.#options.clock.schedule(PING_ANSWER_LIMIT_MS, () => {
        this.#judge();
      });
    });
  }

  #judge(): void {
    if (this.#hasHeard || this.#isDeaf) this.#cancel = this.#schedulePing();
    else this.#options.onDead();
  }
}
