// The retransmission timeout, from the round trips that acknowledgements show.

const START_ROUND_TRIP_MS = 100;
const START_TIMEOUT_MS = 200;
const MAX_TIMEOUT_MS = 1_000;
const CLOCK_GRANULARITY_MS = 10;
const ROUND_TRIP_GAIN = 1 / 8;
const VARIATION_GAIN = 1 / 4;

/** Estimates as aws/amazon-ssm-agent agent/session/datachannel/datachannel.go does (after RFC 6298). */
export class RoundTrip {
  readonly #minimumTimeoutMs: number;
  #smoothedMs = START_ROUND_TRIP_MS;
  #variationMs = 0;
  #timeoutMs = START_TIMEOUT_MS;

  constructor(minimumTimeoutMs: number) {
    this.#minimumTimeoutMs = minimumTimeoutMs;
  }

  /** Milliseconds after which a message that is not acknowledged counts as lost. */
  get timeoutMs(): number {
    return Math.max(this.#minimumTimeoutMs, this.#timeoutMs);
  }

  /** Takes one more measurement, in ms, from a message's last sending to its acknowledgement. */
  measured(sampleMs: number): void {
    const deviation = Math.abs(this.#smoothedMs - sampleMs);
    this.#variationMs += VARIATION_GAIN * (deviation - this.#variationMs);
    this.#smoothedMs += ROUND_TRIP_GAIN * (sampleMs - this.#smoothedMs);
    const margin = Math.max(CLOCK_GRANULARITY_MS, 4 * this.#variationMs);
    this.#timeoutMs = Math.min(MAX_TIMEOUT_MS, this.#smoothedMs + margin);
  }
}
