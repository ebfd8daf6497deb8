// An agent of a hundred lines, written from the protocol and not from our client: the far end of the property tests.
import type { Clock } from "../../../session-manager/clock.ts";
import { ProtocolError } from "../../../session-manager/protocol-error.ts";
import { decodeAcknowledge } from "../../../session-manager/wire/acknowledge.ts";
import { decodeAgentMessage } from "../../../session-manager/wire/agent-message.ts";
import type { AgentMessage } from "../../../session-manager/wire/agent-message.ts";
import { acknowledgement, handshakeComplete, handshakeRequest, output, portAction } from "../agent-messages.ts";
import type { PathEnd } from "./faulty-path.ts";
import { encryptionAction, ReferenceCipher } from "./reference-encryption.ts";

const RESEND_MS = 200;

/** What an agent is made of. */
export interface ReferenceAgentOptions {
  readonly clock: Clock;
  readonly transmit: (bytes: Buffer) => void;
  readonly agentVersion?: string;
  /** Of the session's document. */
  readonly properties?: Readonly<Record<string, string>> | null;
  /** @default "Port" */
  readonly sessionType?: string;
  /**
   * Whether there is a handshake, and whether it agrees on keys.
   *
   * @default "handshake"
   */
  readonly opening?: "none" | "handshake" | "encrypted handshake";
  /** The handshake is over. */
  readonly onEstablished: (agent: ReferenceAgent) => void;
  /** The client's payloads of type 1, in order and once. */
  readonly onOutput: (payload: Buffer) => void;
  /** Everything else that the client sends after the handshake. */
  readonly onOther?: (payloadType: number | undefined, payload: Buffer) => void;
}

/** Numbers what it sends and sends it again until it is acknowledged; puts in order what it receives. */
export class ReferenceAgent implements PathEnd {
  readonly #options: ReferenceAgentOptions;
  readonly #unacknowledged = new Map<number, Buffer>();
  readonly #early = new Map<number, AgentMessage>();
  readonly #cipher: ReferenceCipher | undefined;
  #expected = 0;
  #nextNumber = 0;
  #cancel: () => void = () => undefined;

  constructor(options: ReferenceAgentOptions) {
    this.#options = options;
    this.#cipher = options.opening === "encrypted handshake" ? new ReferenceCipher() : undefined;
  }

  /** Whether the client has acknowledged all that was sent to it. */
  get isDone(): boolean {
    return this.#unacknowledged.size === 0;
  }

  start(): void {
    const { clock, transmit, opening } = this.#options;
    if (opening === "none") this.#options.onEstablished(this);
    else this.#requestHandshake();
    const resend = (): void => {
      for (const bytes of this.#unacknowledged.values()) transmit(bytes);
      this.#cancel = clock.schedule(RESEND_MS, resend);
    };
    this.#cancel = clock.schedule(RESEND_MS, resend);
  }

  #requestHandshake(): void {
    const { agentVersion, sessionType = "Port", properties = { portNumber: "22" } } = this.#options;
    const action = { ...portAction, actionParameters: { SessionType: sessionType, Properties: properties } };
    const actions = this.#cipher === undefined ? [action] : [action, encryptionAction];
    this.#send(handshakeRequest(actions, agentVersion));
  }

  stop(): void {
    this.#cancel();
  }

  /** Sends one payload. */
  send(payload: Buffer, payloadType = 1): void {
    this.#send(output(this.#nextNumber, this.#cipher?.encrypt(payload) ?? payload, payloadType));
  }

  onMessage(bytes: Buffer): void {
    const message = readable(bytes);
    if (message === undefined) return;
    if (message.messageType === "acknowledge") {
      this.#unacknowledged.delete(decodeAcknowledge(message.payload).acknowledgedMessageSequenceNumber);
      return;
    }
    this.#options.transmit(acknowledgement(message.sequenceNumber));
    if (message.sequenceNumber >= this.#expected) this.#early.set(message.sequenceNumber, message);
    for (let next = this.#early.get(this.#expected); next !== undefined; next = this.#early.get(this.#expected)) {
      this.#early.delete(this.#expected);
      this.#expected += 1;
      this.#process(next);
    }
  }

  #process({ payloadType, payload }: AgentMessage): void {
    if (payloadType === 1) this.#options.onOutput(this.#cipher?.decrypt(payload) ?? Buffer.from(payload));
    else if (payloadType === 6 && this.#cipher !== undefined) {
      this.#send(output(this.#nextNumber, this.#cipher.challenge(), 8));
    } else if (payloadType === 6 || (payloadType === 9 && this.#cipher?.isAnswer(payload) === true)) {
      this.#send(handshakeComplete(this.#nextNumber));
      this.#options.onEstablished(this);
    } else this.#options.onOther?.(payloadType, Buffer.from(payload));
  }

  #send(bytes: Buffer): void {
    this.#unacknowledged.set(this.#nextNumber, bytes);
    this.#nextNumber += 1;
    this.#options.transmit(bytes);
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
