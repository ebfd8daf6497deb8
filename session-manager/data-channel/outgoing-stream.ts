// Our numbered messages: sent, kept until acknowledged, sent again when they are not.
import type { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import type { Clock } from "../clock.ts";
import { encodeAgentMessage, MESSAGE_SCHEMA_VERSION, MessageFlags, MessageType } from "../wire/agent-message.ts";
import { InFlightWindow } from "./in-flight-window.ts";
import { RoundTrip } from "./round-trip.ts";

/** What AWS's own client puts into one message; larger ones are not known to pass the service. */
export const DEFAULT_PAYLOAD_BYTES = 1024;

/** The agent takes more, but the buffers of larger messages would let the process grow beyond 120 MiB. */
export const MAX_PAYLOAD_BYTES = 4096;

/** What header and encryption add to a payload, at most. */
const MAX_OVERHEAD_BYTES = 160;

/** How often unacknowledged messages are looked through. */
const RESEND_CHECK_MS = 100;

/** Without any acknowledgement for this long, the agent is given up. */
export const GIVE_UP_MS = 5 * 60_000;

/** What an outgoing stream needs of the channel around it. */
export interface OutgoingStreamOptions {
  readonly clock: Clock;
  /** The largest payload that is sent while there is a choice. */
  readonly maxPayloadBytes?: number | undefined;
  /** Sends the bytes on the present connection. */
  readonly transmit: (bytes: Buffer) => void;
  /** Whether no acknowledgement can have come: earlier bytes are still here, or nobody reads; then nothing is resent. */
  readonly isBlocked: () => boolean;
  /** There is room again after there was none. */
  readonly onRoom: () => void;
  readonly onResent: (count: number, timeoutMs: number) => void;
  /** Nothing was acknowledged for GIVE_UP_MS. */
  readonly onGivenUp: () => void;
}

/**
 * How freely the stream may send: `flowing` fills its window, `probing` has one message under way, `held` sends nothing.
 */
export type Flow = "flowing" | "probing" | "held";

interface InFlight {
  readonly bytes: Buffer;
  sentAtMs: number;
  /** Whether its acknowledgement tells a round trip: sent once, and listened for since. */
  isTimed: boolean;
  /** Whether it waits to be sent again on a new connection. */
  isQueued: boolean;
}

/** Numbers messages from 0, and keeps each until it is acknowledged; a resent one is the same to the last byte. */
export class OutgoingStream {
  readonly #options: OutgoingStreamOptions;
  readonly #maxMessageBytes: number;
  readonly #roundTrip = new RoundTrip();
  readonly #window = new InFlightWindow();
  readonly #inFlight = new Map<number, InFlight>(); // in the order of their numbers
  #inFlightBytes = 0;
  #queue: InFlight[] = []; // what was under way when the connection was lost, the oldest last
  #queuedBytes = 0;
  #nextNumber = 0;
  #flow: Flow = "held";
  #isRoomAwaited = false;
  #lastProgressMs = 0;
  #isStopped = false;
  #emptyWaiters: (() => void)[] = [];
  #cancelCheck: (() => void) | undefined;

  constructor(options: OutgoingStreamOptions) {
    this.#options = options;
    this.#maxMessageBytes = (options.maxPayloadBytes ?? DEFAULT_PAYLOAD_BYTES) + MAX_OVERHEAD_BYTES;
  }

  /** Whether one more message may be sent; asking while there is none makes `onRoom` follow. */
  get hasRoom(): boolean {
    const hasRoom = this.#mayAdd();
    if (!hasRoom) {
      this.#isRoomAwaited = true;
      this.#window.noteFull();
    }
    return hasRoom;
  }

  /** Bytes sent and not acknowledged, headers included. */
  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }

  /** Sends one message under the next number, room or not: whoever has a choice asks first. */
  send(payloadType: number, payload: Uint8Array): void {
    const nowMs = this.#options.clock.now();
    const bytes = encodeAgentMessage({
      messageType: MessageType.inputStreamData,
      schemaVersion: MESSAGE_SCHEMA_VERSION,
      createdDateMs: nowMs,
      sequenceNumber: this.#nextNumber,
      flags: MessageFlags.none,
      messageId: randomUUID(),
      payloadType,
      payload,
    });
    if (this.#inFlight.size === 0) this.#lastProgressMs = nowMs;
    this.#inFlight.set(this.#nextNumber, { bytes, sentAtMs: nowMs, isTimed: true, isQueued: false });
    this.#inFlightBytes += bytes.length;
    this.#nextNumber += 1;
    if (this.#flow !== "held") this.#options.transmit(bytes);
    this.#scheduleCheck();
  }

  /** Counts the acknowledgement of a number; of an unknown one, or a second one, nothing comes. */
  acknowledge(sequenceNumber: number): void {
    const message = this.#inFlight.get(sequenceNumber);
    if (message === undefined) return;
    const nowMs = this.#options.clock.now();
    this.#inFlight.delete(sequenceNumber);
    this.#inFlightBytes -= message.bytes.length;
    this.#unqueue(message);
    this.#lastProgressMs = nowMs;
    const roundTripMs = message.isTimed ? nowMs - message.sentAtMs : undefined;
    if (roundTripMs !== undefined) this.#roundTrip.measure(roundTripMs);
    this.#window.acknowledged(sequenceNumber, roundTripMs, this.#nextNumber);
    if (this.#inFlight.size === 0) this.#announceEmpty();
    this.#sendQueued();
    this.#announceRoom();
  }

  /** Changes how freely to send; what waited for room hears of it. */
  setFlow(flow: Flow): void {
    if (flow === this.#flow) return;
    this.#flow = flow;
    this.#lastProgressMs = this.#options.clock.now();
    this.#announceRoom();
  }

  /**
   * Sends all that is unacknowledged on a new connection, oldest first.
   *
   * At once what fits into the window of a new path, the rest as acknowledgements come: a burst of all of it could break
   * the next connection before anything is heard on it.
   */
  resendAll(): void {
    this.#window.changePath();
    for (const message of this.#inFlight.values()) message.isQueued = true;
    this.#queuedBytes = this.#inFlightBytes;
    this.#queue = [...this.#inFlight.values()].reverse();
    this.#sendQueued();
  }

  /** Resolves when all that was sent is acknowledged, or the stream is stopped. */
  whenEmpty(): Promise<void> {
    if (this.#inFlight.size === 0 || this.#isStopped) return Promise.resolve();
    return new Promise((resolve) => this.#emptyWaiters.push(resolve));
  }

  /** Starts all waits anew, after a time in which no acknowledgement could be heard. */
  restartWaits(): void {
    const nowMs = this.#options.clock.now();
    this.#lastProgressMs = nowMs;
    for (const message of this.#inFlight.values()) {
      message.sentAtMs = nowMs;
      message.isTimed = false;
    }
  }

  /** Stops the timer; nothing is sent by itself any more. */
  stop(): void {
    this.#cancelCheck?.();
    this.#cancelCheck = undefined;
    this.#flow = "held";
    this.#isStopped = true;
    this.#announceEmpty();
  }

  #mayAdd(): boolean {
    if (this.#flow === "flowing") return this.#inFlightBytes + this.#maxMessageBytes <= this.#window.bytes;
    return this.#flow === "probing" && this.#inFlight.size === 0;
  }

  #sendQueued(): void {
    while (this.#queuedBytes > 0 && this.#inFlightBytes - this.#queuedBytes < this.#window.bytes) {
      const message = this.#queue.pop();
      if (message === undefined) return;
      if (!message.isQueued) continue; // acknowledged meanwhile
      this.#unqueue(message);
      this.#resend(message);
    }
    if (this.#queuedBytes === 0) this.#queue = [];
  }

  #unqueue(message: InFlight): void {
    if (!message.isQueued) return;
    message.isQueued = false;
    this.#queuedBytes -= message.bytes.length;
  }

  #announceEmpty(): void {
    for (const resolve of this.#emptyWaiters.splice(0)) resolve();
  }

  #announceRoom(): void {
    if (!this.#isRoomAwaited || !this.#mayAdd()) return;
    this.#isRoomAwaited = false;
    this.#options.onRoom();
  }

  #scheduleCheck(): void {
    this.#cancelCheck ??= this.#options.clock.schedule(RESEND_CHECK_MS, () => {
      this.#cancelCheck = undefined;
      if (this.#inFlight.size === 0) return;
      this.#scheduleCheck();
      this.#check();
    });
  }

  #check(): void {
    if (this.#flow === "held" || this.#options.isBlocked()) return;
    const silentMs = this.#options.clock.now() - this.#lastProgressMs;
    if (this.#flow === "flowing" && silentMs >= GIVE_UP_MS) this.#options.onGivenUp();
    else this.#resendExpired();
  }

  #resendExpired(): void {
    const { timeoutMs } = this.#roundTrip;
    const sentBeforeMs = this.#options.clock.now() - timeoutMs;
    let budgetBytes = this.#flow === "probing" ? 1 : this.#window.bytes;
    let count = 0;
    for (const [sequenceNumber, message] of this.#inFlight) {
      if (budgetBytes <= 0) break;
      if (message.isQueued || message.sentAtMs > sentBeforeMs) continue;
      this.#window.resent(sequenceNumber, this.#nextNumber);
      this.#resend(message);
      budgetBytes -= message.bytes.length;
      count += 1;
    }
    if (count === 0) return;
    this.#roundTrip.backOff();
    this.#options.onResent(count, timeoutMs);
  }

  #resend(message: InFlight): void {
    message.sentAtMs = this.#options.clock.now();
    message.isTimed = false;
    this.#options.transmit(message.bytes);
  }
}
