// How long an acknowledgement takes, and so how long to wait before a message is sent again.

const INITIAL_ROUND_TRIP_MS = 100;
const ROUND_TRIP_GAIN = 1 / 8;
const VARIATION_GAIN = 1 / 4;
const CLOCK_GRANULARITY_MS = 10;

/** A floor, where AWS's own client has none: an agent that is busy for 50 ms has lost nothing. */
export const MIN_RETRANSMISSION_TIMEOUT_MS = 200;

/** Until something was measured (RFC 6298 section 2.1): 300 ms to another continent and back are no loss. */
export const INITIAL_RETRANSMISSION_TIMEOUT_MS = 1000;

/** A ceiling for measured and for doubled timeouts. */
export const MAX_RETRANSMISSION_TIMEOUT_MS = 10_000;

/**
 * Smoothed round trip time and retransmission timeout.
 *
 * Source: aws/session-manager-plugin src/config/config.go (gains 1/8 and 1/4, granularity 10 ms), RFC 6298 section 2;
 * unlike the plugin's, the timeout has a floor, doubles when it expires, and ignores round trips of resent messages
 * (RFC 6298 section 5.5, Karn's algorithm).
 */
export class RoundTrip {
  #smoothedMs = INITIAL_ROUND_TRIP_MS;
  #variationMs = 0;
  #timeoutMs = INITIAL_RETRANSMISSION_TIMEOUT_MS;

  /** Milliseconds without acknowledgement after which a message is sent again, from 200 to 10,000. */
  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  /** Counts one more round trip, in ms; of a message that was sent only once. */
  measure(roundTripMs: number): void {
    const sampleMs = Math.max(0, roundTripMs); // a computer's clock may be set back
    this.#variationMs += VARIATION_GAIN * (Math.abs(this.#smoothedMs - sampleMs) - this.#variationMs);
    this.#smoothedMs += ROUND_TRIP_GAIN * (sampleMs - this.#smoothedMs);
    this.#timeoutMs = clamp(this.#smoothedMs + Math.max(CLOCK_GRANULARITY_MS, 4 * this.#variationMs));
  }

  /** Doubles the timeout, until the next measure. */
  backOff(): void {
    this.#timeoutMs = clamp(2 * this.#timeoutMs);
  }
}

function clamp(timeoutMs: number): number {
  return Math.min(MAX_RETRANSMISSION_TIMEOUT_MS, Math.max(MIN_RETRANSMISSION_TIMEOUT_MS, timeoutMs));
}
