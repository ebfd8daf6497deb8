// The agent's receiving side: order, duplicates, and acknowledging only what has been dealt with.
import type { AgentMessage } from "../../session-manager/wire/agent-message.ts";

/**
 * What became of a message: `done` is acknowledged; `refused` is not, so that the client sends it again.
 * A promise is for one that takes time: those behind it wait, unacknowledged.
 */
export type Handled = "done" | "refused" | Promise<"done" | "refused">;

export interface InboxOptions {
  readonly handle: (message: AgentMessage) => Handled;
  readonly acknowledge: (message: AgentMessage) => void;
  /** True when more than the inbox wants is waiting: nothing more should be read for now. */
  readonly onCongestion: (isCongested: boolean) => void;
}

/** Messages that came too early, as many as the real agent keeps; and in bytes, which it does not limit. */
const EARLY_LIMIT_MESSAGES = 100_000;
const EARLY_LIMIT_BYTES = 16 * 1024 * 1024;

/** What may wait for a slow port before reading from the client stops. */
export const WAITING_LIMIT_BYTES = 4 * 1024 * 1024;

/** When so little waits, reading goes on. */
const GO_ON_BYTES = WAITING_LIMIT_BYTES / 2;

/** Deals with the messages of the input stream one at a time and in order. */
export class Inbox {
  readonly #options: InboxOptions;
  readonly #early = new Map<number, AgentMessage>();
  #earlyBytes = 0;
  /** Arrived while one is being dealt with. */
  #waiting: AgentMessage[] = [];
  #waitingBytes = 0;
  #isBusy = false;
  #isClosed = false;
  #expected = 0;

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  /** Takes a message as it arrives. */
  receive(message: AgentMessage): void {
    if (this.#isClosed) return;
    if (!this.#isBusy) {
      this.#take(message);
      return;
    }
    const before = this.#waitingBytes;
    this.#waiting.push(message);
    this.#waitingBytes += message.payload.length;
    if (before < WAITING_LIMIT_BYTES && this.#waitingBytes >= WAITING_LIMIT_BYTES) this.#options.onCongestion(true);
  }

  /** Offers a message again that was refused after it had been acknowledged: the client will not send it again. */
  retry(): void {
    if (this.#isBusy || this.#isClosed) return;
    const next = this.#takeEarly();
    if (next !== undefined) this.#handle(next, true);
  }

  close(): void {
    this.#isClosed = true;
    this.#early.clear();
    this.#waiting = [];
  }

  #take(message: AgentMessage): void {
    if (message.sequenceNumber < this.#expected) this.#options.acknowledge(message);
    else if (message.sequenceNumber > this.#expected) this.#keepEarly(message);
    else this.#handle(message, false);
  }

  #keepEarly(message: AgentMessage): void {
    const isFull = this.#early.size >= EARLY_LIMIT_MESSAGES || this.#earlyBytes >= EARLY_LIMIT_BYTES;
    const isKnown = this.#early.has(message.sequenceNumber);
    if (isFull && !isKnown) return; // not acknowledged: it comes again
    if (!isKnown) this.#putEarly(message);
    this.#options.acknowledge(message);
  }

  /** Deals with the message, and with those that came early and follow it. */
  #handle(message: AgentMessage, wasEarly: boolean): void {
    let [next, isAcknowledged]: [AgentMessage | undefined, boolean] = [message, wasEarly];
    while (next !== undefined) {
      const handled = this.#options.handle(next);
      if (typeof handled !== "string") {
        this.#wait(next, isAcknowledged, handled);
        return;
      }
      if (!this.#conclude(next, isAcknowledged, handled)) return;
      [next, isAcknowledged] = [this.#takeEarly(), true];
    }
  }

  #wait(message: AgentMessage, isAcknowledged: boolean, handled: Promise<"done" | "refused">): void {
    this.#isBusy = true;
    void handled.then((result) => {
      this.#isBusy = false;
      if (this.#isClosed) return;
      if (this.#conclude(message, isAcknowledged, result)) this.retry();
      this.#takeWaiting();
    });
  }

  /** Whether the message is done with. */
  #conclude(message: AgentMessage, isAcknowledged: boolean, result: "done" | "refused"): boolean {
    if (result === "refused") {
      if (isAcknowledged) this.#putEarly(message);
      return false;
    }
    this.#expected += 1;
    if (!isAcknowledged) this.#options.acknowledge(message);
    return true;
  }

  #putEarly(message: AgentMessage): void {
    this.#early.set(message.sequenceNumber, message);
    this.#earlyBytes += message.payload.length;
  }

  /** The message whose turn it is, if it came early. */
  #takeEarly(): AgentMessage | undefined {
    const next = this.#early.get(this.#expected);
    if (next === undefined) return undefined;
    this.#early.delete(this.#expected);
    this.#earlyBytes -= next.payload.length;
    return next;
  }

  #takeWaiting(): void {
    const before = this.#waitingBytes;
    let taken = 0;
    for (const message of this.#waiting) {
      if (this.#isBusy) break;
      taken += 1;
      this.#waitingBytes -= message.payload.length;
      this.#take(message);
    }
    this.#waiting.splice(0, taken);
    if (before >= GO_ON_BYTES && this.#waitingBytes < GO_ON_BYTES) this.#options.onCongestion(false);
  }
}
