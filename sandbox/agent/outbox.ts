// The agent's sending side: numbers, what is not acknowledged yet, and sending it again.
import { randomUUID } from "node:crypto";
import type { Clock } from "../../session-manager/clock.ts";
import { encodeAgentMessage, MessageFlags, MessageType } from "../../session-manager/wire/agent-message.ts";
import { RoundTrip } from "./round-trip.ts";
import type { AgentTiming } from "./timing.ts";

/** Output that may be unacknowledged before the source is paused; the real agent stops at 100,000 messages (114 MB). */
export const UNACKNOWLEDGED_LIMIT_BYTES = 4 * 1024 * 1024;

/** What a new socket is sent again at once; each acknowledgement makes it more, so that one with a short life is of use. */
const FIRST_BURST_BYTES = 8 * 1024;

/** What is sent again at once, at most. */
const MAX_BURST_BYTES = 256 * 1024;

interface Sent {
  readonly bytes: Buffer;
  lastSentMs: number;
  isAcknowledged: boolean;
}

/** Sends stream messages, each until it is acknowledged; an unattached or paused one only keeps them. */
export class Outbox {
  readonly #clock: Clock;
  readonly #timing: AgentTiming;
  readonly #roundTrip: RoundTrip;
  /** By number, the oldest first. */
  readonly #unacknowledged = new Map<number, Sent>();
  #unacknowledgedBytes = 0;
  #nextNumber = 0;
  #transmit: ((bytes: Buffer) => void) | undefined;
  #isPaused = false;
  #isClosed = false;
  #callOffResend: (() => void) | undefined;
  /** To be sent again on a new socket, the oldest last; how much of it is under way, and may be. */
  #lost: Sent[] = [];
  #againBytes = 0;
  #burstBytes = FIRST_BURST_BYTES;
  #waiting: (() => void)[] = [];

  constructor(clock: Clock, timing: AgentTiming) {
    this.#clock = clock;
    this.#timing = timing;
    this.#roundTrip = new RoundTrip(timing.minimumRetransmissionTimeoutMs);
  }

  /** Whether a source should go on. */
  get hasRoom(): boolean {
    return this.#unacknowledgedBytes < UNACKNOWLEDGED_LIMIT_BYTES && !this.#isPaused;
  }

  get isEmpty(): boolean {
    return this.#unacknowledged.size === 0;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Numbers the payload, sends it and keeps it until it is acknowledged; room is the caller's to ask for. */
  send(payloadType: number, payload: Uint8Array): void {
    if (this.#isClosed) return;
    const sequenceNumber = this.#nextNumber++;
    const now = this.#clock.now();
    const bytes = encodeAgentMessage({
      messageType: MessageType.outputStreamData,
      schemaVersion: 1,
      createdDateMs: now,
      sequenceNumber,
      flags: sequenceNumber === 0 ? MessageFlags.syn : MessageFlags.none,
      messageId: randomUUID(),
      payloadType,
      payload,
    });
    this.#unacknowledged.set(sequenceNumber, { bytes, lastSentMs: now, isAcknowledged: false });
    this.#unacknowledgedBytes += bytes.length;
    if (!this.#isPaused) this.#transmit?.(bytes);
    this.#callOffResend ??= this.#scheduleResend();
  }

  /** Forgets the message; a number that is unknown or comes again changes nothing. */
  acknowledge(sequenceNumber: number): void {
    this.resume();
    const sent = this.#unacknowledged.get(sequenceNumber);
    if (sent === undefined) return;
    sent.isAcknowledged = true;
    this.#unacknowledged.delete(sequenceNumber);
    this.#unacknowledgedBytes -= sent.bytes.length;
    this.#againBytes = Math.max(0, this.#againBytes - sent.bytes.length);
    this.#burstBytes = Math.min(MAX_BURST_BYTES, this.#burstBytes + sent.bytes.length);
    this.#roundTrip.measured(this.#clock.now() - sent.lastSentMs);
    this.#sendLost();
    this.#tellWaiting();
  }

  /** Sends through `transmit` from now on; what a lost socket took with it goes out again, the oldest first. */
  attach(transmit: (bytes: Buffer) => void): void {
    this.#transmit = transmit;
    this.resume();
    if (this.#timing.resend === "oldest") return; // AWS's agent leaves it to its timer: 10 messages a second
    this.#lost = [...this.#unacknowledged.values()].reverse();
    this.#againBytes = 0;
    this.#burstBytes = FIRST_BURST_BYTES;
    this.#sendLost();
  }

  detach(): void {
    this.#transmit = undefined;
  }

  /** pause_publication: what is sent is numbered and kept, nothing goes out. */
  pause(): void {
    this.#isPaused = true;
  }

  /** start_publication, or any sign of life of the client. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#tellWaiting();
  }

  /** Resolves when a source may go on, or the outbox is closed. */
  async whenRoom(): Promise<void> {
    while (!this.hasRoom && !this.#isClosed) await this.#changed();
  }

  /** Resolves when all is acknowledged, or the outbox is closed. */
  async whenEmpty(): Promise<void> {
    while (!this.isEmpty) await this.#changed();
  }

  /** Sends nothing any more and forgets everything. */
  close(): void {
    this.#isClosed = true;
    this.#transmit = undefined;
    this.#callOffResend?.();
    this.#callOffResend = undefined;
    this.#unacknowledged.clear();
    this.#unacknowledgedBytes = 0;
    this.#lost = [];
    this.#tellWaiting();
  }

  /** Resolves at the next acknowledgement, at the end of a pause, or when the outbox is closed. */
  #changed(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #tellWaiting(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  #scheduleResend(): () => void {
    return this.#clock.schedule(this.#timing.resendIntervalMs, () => {
      this.#callOffResend = undefined;
      if (!this.#isPaused) this.#resendExpired();
      if (!this.isEmpty) this.#callOffResend = this.#scheduleResend();
    });
  }

  #resendExpired(): void {
    const now = this.#clock.now();
    let sentBytes = 0;
    for (const sent of this.#unacknowledged.values()) {
      if (sentBytes >= MAX_BURST_BYTES) return;
      if (now - sent.lastSentMs > this.#roundTrip.timeoutMs) {
        this.#transmitAgain(sent, now);
        sentBytes += sent.bytes.length;
      }
      if (this.#timing.resend === "oldest") return;
    }
  }

  #sendLost(): void {
    const now = this.#clock.now();
    while (this.#againBytes < this.#burstBytes) {
      const sent = this.#lost.pop();
      if (sent === undefined) return;
      if (sent.isAcknowledged) continue;
      this.#againBytes += sent.bytes.length;
      this.#transmitAgain(sent, now);
    }
  }

  #transmitAgain(sent: Sent, now: number): void {
    sent.lastSentMs = now;
    this.#transmit?.(sent.bytes);
  }
}
