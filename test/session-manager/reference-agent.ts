// An agent of a hundred lines, written from the protocol and not from our client: the far end of the property tests.
import type { Clock } from "../../session-manager/clock.ts";
import { ProtocolError } from "../../session-manager/protocol-error.ts";
import { decodeAcknowledge } from "../../session-manager/wire/acknowledge.ts";
import { decodeAgentMessage } from "../../session-manager/wire/agent-message.ts";
import type { AgentMessage } from "../../session-manager/wire/agent-message.ts";
import { acknowledgement, handshakeComplete, handshakeRequest, output } from "./agent-messages.ts";

const RESEND_MS = 200;

/** Sends `toSend` after the handshake, and collects what the client sends. */
export class ReferenceAgent {
  readonly received: Buffer[] = [];
  readonly #clock: Clock;
  readonly #transmit: (bytes: Buffer) => void;
  readonly #toSend: readonly Buffer[];
  readonly #unacknowledged = new Map<number, Buffer>();
  readonly #early = new Map<number, AgentMessage>();
  #expected = 0;
  #nextNumber = 0;
  #cancel: () => void = () => undefined;

  constructor(clock: Clock, transmit: (bytes: Buffer) => void, toSend: readonly Buffer[]) {
    this.#clock = clock;
    this.#transmit = transmit;
    this.#toSend = toSend;
  }

  /** Whether the client has acknowledged all that was sent to it. */
  get isDone(): boolean {
    return this.#unacknowledged.size === 0;
  }

  /** Asks; the client's data channel is open. */
  start(): void {
    this.#send(handshakeRequest());
    const resend = (): void => {
      for (const bytes of this.#unacknowledged.values()) this.#transmit(bytes);
      this.#cancel = this.#clock.schedule(RESEND_MS, resend);
    };
    this.#cancel = this.#clock.schedule(RESEND_MS, resend);
  }

  stop(): void {
    this.#cancel();
  }

  onMessage(bytes: Buffer): void {
    const message = readable(bytes);
    if (message === undefined) return;
    if (message.messageType === "acknowledge") {
      this.#unacknowledged.delete(decodeAcknowledge(message.payload).acknowledgedMessageSequenceNumber);
      return;
    }
    this.#transmit(acknowledgement(message.sequenceNumber));
    if (message.sequenceNumber >= this.#expected) this.#early.set(message.sequenceNumber, message);
    for (let next = this.#early.get(this.#expected); next !== undefined; next = this.#early.get(this.#expected)) {
      this.#early.delete(this.#expected);
      this.#expected += 1;
      this.#process(next);
    }
  }

  #process({ payloadType, payload }: AgentMessage): void {
    if (payloadType === 1) this.received.push(Buffer.from(payload));
    if (payloadType !== 6) return;
    this.#send(handshakeComplete(this.#nextNumber));
    for (const piece of this.#toSend) this.#send(output(this.#nextNumber, piece));
  }

  #send(bytes: Buffer): void {
    this.#unacknowledged.set(this.#nextNumber, bytes);
    this.#nextNumber += 1;
    this.#transmit(bytes);
  }
}

/** The message, unless it was damaged on its way. */
function readable(bytes: Buffer): AgentMessage | undefined {
  try {
    return decodeAgentMessage(bytes);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
