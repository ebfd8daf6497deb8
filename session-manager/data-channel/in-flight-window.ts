// How much may be under way: bytes that are sent and not acknowledged, paced by how long acknowledgements take.

/** The window at the start: 64 KiB is half a round trip of 100 ms at 1 MB/s. */
export const INITIAL_WINDOW_BYTES = 64 * 1024;

/** The window never shrinks below this, so that a path that became longer still moves. */
export const MIN_WINDOW_BYTES = 32 * 1024;

/** The ceiling of what may be under way, and so of what memory holds to send again. */
export const MAX_WINDOW_BYTES = 4 * 1024 * 1024;

/**
 * How long our own messages may queue on their way, in ms.
 *
 * Long enough that two busy processor cores do not look like a full path; a quarter of the shortest retransmission
 * timeout, so that queueing alone never causes a resend.
 */
export const TARGET_QUEUEING_MS = 50;

/** The most that one round may change the window by, as a fraction. */
const MAX_STEP = 0.25;

/**
 * A window that seeks the rate of the slowest part of the path.
 *
 * Once a round trip it compares the shortest round trip in it with the shortest ever: the difference is queueing. It
 * doubles every second round until queueing shows (what is acknowledged in the round after a doubling was sent before
 * it, and tells nothing of it), and then moves in proportion to how far queueing is from its target, as RFC 6817
 * (LEDBAT) does. A resend halves it, once a round.
 */
export class InFlightWindow {
  #bytes = INITIAL_WINDOW_BYTES;
  #isProbing = true;
  #isUntried = false; // doubled in the last round
  #shortestMs = Infinity;
  #shortestOfRoundMs = Infinity;
  #wasFull = false;
  #roundEnd = 0;
  #halvedUntil = 0;

  /** Bytes that may be under way. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The source had to wait: only then does more room help. */
  noteFull(): void {
    this.#wasFull = true;
  }

  /**
   * Counts an acknowledgement.
   *
   * @param sequenceNumber - of the message acknowledged
   * @param roundTripMs - undefined if the message was sent more than once
   * @param nextNumber - that the next new message will have: the end of the next round
   */
  acknowledged(sequenceNumber: number, roundTripMs: number | undefined, nextNumber: number): void {
    if (roundTripMs !== undefined && roundTripMs < this.#shortestOfRoundMs) this.#shortestOfRoundMs = roundTripMs;
    if (sequenceNumber < this.#roundEnd) return;
    this.#endRound();
    this.#roundEnd = nextNumber;
  }

  /** A message had to be sent again; `nextNumber` as above. */
  resent(sequenceNumber: number, nextNumber: number): void {
    if (sequenceNumber < this.#halvedUntil) return;
    this.#halvedUntil = nextNumber;
    this.#isProbing = false;
    this.#resize(this.#bytes / 2);
  }

  /** Forgets how short a round trip can be: the path is another one now. */
  changePath(): void {
    this.#shortestMs = Infinity;
    this.#shortestOfRoundMs = Infinity;
    this.#isProbing = true;
    this.#isUntried = false;
    this.#resize(Math.min(this.#bytes, INITIAL_WINDOW_BYTES));
  }

  #endRound(): void {
    if (this.#shortestOfRoundMs !== Infinity) this.#adjust(this.#shortestOfRoundMs);
    this.#shortestOfRoundMs = Infinity;
    this.#wasFull = false;
  }

  #adjust(roundTripMs: number): void {
    this.#shortestMs = Math.min(this.#shortestMs, Math.max(0, roundTripMs));
    const queueingMs = roundTripMs - this.#shortestMs;
    if (queueingMs > TARGET_QUEUEING_MS / 2) this.#isProbing = false;
    if (this.#isProbing) {
      this.#probe();
      return;
    }
    const step = MAX_STEP * ((TARGET_QUEUEING_MS - queueingMs) / TARGET_QUEUEING_MS);
    if (step < 0) this.#resize(this.#bytes * (1 + Math.max(-MAX_STEP, step)));
    else if (this.#wasFull) this.#resize(this.#bytes * (1 + step));
  }

  #probe(): void {
    const isDue = this.#wasFull && !this.#isUntried;
    this.#isUntried = isDue;
    if (isDue) this.#resize(2 * this.#bytes);
  }

  #resize(bytes: number): void {
    this.#bytes = Math.round(Math.min(MAX_WINDOW_BYTES, Math.max(MIN_WINDOW_BYTES, bytes)));
  }
}
