// The agent's numbered messages: put back in order, each handed on once.
import { Buffer } from "node:buffer";
import type { AgentMessage } from "../wire/agent-message.ts";

/** Messages that may wait for an earlier one, by count: as many as AWS's own client keeps. */
export const MAX_EARLY_MESSAGES = 10_000;

/** Messages that may wait for an earlier one, by the bytes of their payloads. */
export const MAX_EARLY_BYTES = 8 * 1024 * 1024;

/**
 * What a message is to the stream.
 *
 * `next` is to be acknowledged and handed on, `early` (kept until its turn) and `duplicate` to be acknowledged;
 * `no-room` is to be left alone: the agent sends it again.
 */
export type Verdict = "next" | "early" | "duplicate" | "no-room";

/** Knows which number comes next, and keeps what came too early. */
export class IncomingStream {
  #expected = 0;
  readonly #early = new Map<number, AgentMessage>();
  #earlyBytes = 0;

  /** Judges one message; an early one is copied and kept. */
  receive(message: AgentMessage): Verdict {
    if (message.sequenceNumber < this.#expected || this.#early.has(message.sequenceNumber)) return "duplicate";
    if (message.sequenceNumber === this.#expected) {
      this.#expected += 1;
      return "next";
    }
    if (this.#early.size >= MAX_EARLY_MESSAGES || this.#earlyBytes + message.payload.length > MAX_EARLY_BYTES) {
      return "no-room";
    }
    // A copy, because the payload is a view of a larger piece that the network read.
    this.#early.set(message.sequenceNumber, { ...message, payload: Buffer.from(message.payload) });
    this.#earlyBytes += message.payload.length;
    return "early";
  }

  /** The kept message whose turn has come, if there is one. */
  takeNext(): AgentMessage | undefined {
    if (this.#early.size === 0) return undefined;
    const message = this.#early.get(this.#expected);
    if (message === undefined) return undefined;
    this.#early.delete(this.#expected);
    this.#earlyBytes -= message.payload.length;
    this.#expected += 1;
    return message;
  }
}
