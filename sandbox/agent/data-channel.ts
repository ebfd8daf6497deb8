// The agent's end of a data channel: messages in order and once, whatever happens to the websockets that carry them.
import { randomUUID } from "node:crypto";
import type { Clock } from "../../session-manager/clock.ts";
import { ProtocolError } from "../../session-manager/protocol-error.ts";
import { decodeAcknowledge, encodeAcknowledge } from "../../session-manager/wire/acknowledge.ts";
import {
  decodeAgentMessage,
  encodeAgentMessage,
  MessageFlags,
  MessageType,
  PayloadType,
  type AgentMessage,
} from "../../session-manager/wire/agent-message.ts";
import { decodeFlag } from "../../session-manager/wire/flag.ts";
import { Inbox, type Handled } from "./inbox.ts";
import { Outbox } from "./outbox.ts";
import { isEncryptedType, type PayloadCipher } from "./payload-cipher.ts";
import type { AgentTiming } from "./timing.ts";
import type { TokenBucket } from "./token-bucket.ts";

/** What carries messages to the client: a websocket, as the agent sees it. */
export interface Link {
  send(message: Buffer): void;
  /** Stops and starts reading from the client. */
  setReading(isReading: boolean): void;
}

export interface DataChannelOptions {
  readonly clock: Clock;
  readonly timing: AgentTiming;
  readonly pace: TokenBucket;
  /** Called with each message of the input stream, in order and once; again if it was refused. */
  readonly onInput: (message: AgentMessage) => Handled;
}

/** The flag that the message carries, or undefined if it carries none that can be read. */
export function flagIn(message: AgentMessage): number | undefined {
  if (message.payloadType !== PayloadType.flag) return undefined;
  try {
    return decodeFlag(message.payload);
  } catch {
    return undefined; // acknowledged and ignored: sent again, it would be the same
  }
}

/** How long a channel that ends waits for what it has sent to be acknowledged. */
const CLOSE_LIMIT_MS = 2_000;

/**
 * Sends and receives stream messages. A link may go and another come: numbers and what is unacknowledged stay.
 *
 * Source: aws/amazon-ssm-agent agent/session/datachannel/datachannel.go.
 */
export class DataChannel {
  readonly #options: DataChannelOptions;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  #link: Link | undefined;
  #cipher: PayloadCipher | undefined;

  constructor(options: DataChannelOptions) {
    this.#options = options;
    this.#outbox = new Outbox(options.clock, options.timing);
    this.#inbox = new Inbox({
      handle: (message) => this.#handle(message),
      acknowledge: (message) => {
        this.#acknowledge(message);
      },
      onCongestion: (isCongested) => this.#link?.setReading(!isCongested),
    });
  }

  attach(link: Link): void {
    this.#link = link;
    this.#outbox.attach((message) => {
      link.send(message);
    });
  }

  /** The link is gone. */
  detach(): void {
    this.#link = undefined;
    this.#outbox.detach();
  }

  /** Takes one message as it came; what cannot be decoded is dropped, as AWS's agent does, and comes again. */
  receive(bytes: Buffer): void {
    try {
      this.#dispatch(decodeAgentMessage(bytes));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
    }
  }

  /** Sends one message of the output stream now. */
  send(payloadType: number, payload: Uint8Array): void {
    const cipher = isEncryptedType(payloadType) ? this.#cipher : undefined;
    this.#outbox.send(payloadType, cipher?.encrypt(payload) ?? payload);
  }

  /** From now on payloads of data are encrypted, both ways. */
  encryptWith(cipher: PayloadCipher): void {
    this.#cipher = cipher;
  }

  /**
   * Sends bytes as messages of at most `payloadBytes`; resolves when the last is on its way.
   *
   * It takes its time while too much is unacknowledged, publication is paused, or the pace is slower.
   */
  async write(payloadType: number, bytes: Buffer): Promise<void> {
    const { timing, pace } = this.#options;
    for (let start = 0; start < bytes.length && !this.#outbox.isClosed; start += timing.payloadBytes) {
      if (!this.#outbox.hasRoom) await this.#outbox.whenRoom();
      while (!pace.take()) await pace.wait();
      this.send(payloadType, bytes.subarray(start, start + timing.payloadBytes));
    }
  }

  /** Offers what was refused before again, where the client will not. */
  retryInput(): void {
    this.#inbox.retry();
  }

  /** Sends no more after what has been sent is acknowledged, or after 2 s. */
  async close(): Promise<void> {
    const callOff = this.#options.clock.schedule(CLOSE_LIMIT_MS, () => {
      this.#outbox.close();
    });
    await this.#outbox.whenEmpty();
    callOff();
    this.destroy();
  }

  /** Forgets everything at once. */
  destroy(): void {
    this.#outbox.close();
    this.#inbox.close();
  }

  #dispatch(message: AgentMessage): void {
    switch (message.messageType) {
      case MessageType.inputStreamData:
        this.#outbox.resume();
        this.#inbox.receive(message);
        break;
      case MessageType.acknowledge:
        this.#outbox.acknowledge(decodeAcknowledge(message.payload).acknowledgedMessageSequenceNumber);
        break;
      case MessageType.pausePublication:
        this.#outbox.pause();
        break;
      case MessageType.startPublication:
        this.#outbox.resume();
        break;
    }
  }

  /** What cannot be decrypted is never acknowledged, so that the stream stops there. */
  #handle(message: AgentMessage): Handled {
    if (this.#cipher === undefined || !isEncryptedType(message.payloadType)) return this.#options.onInput(message);
    try {
      return this.#options.onInput({ ...message, payload: this.#cipher.decrypt(message.payload) });
    } catch (error) {
      if (error instanceof ProtocolError) return "refused";
      throw error;
    }
  }

  #acknowledge(message: AgentMessage): void {
    const bytes = encodeAgentMessage({
      messageType: MessageType.acknowledge,
      schemaVersion: 1,
      createdDateMs: this.#options.clock.now(),
      sequenceNumber: 0,
      flags: MessageFlags.synFin,
      messageId: randomUUID(),
      payloadType: PayloadType.none,
      payload: encodeAcknowledge({
        acknowledgedMessageType: message.messageType,
        acknowledgedMessageId: message.messageId,
        acknowledgedMessageSequenceNumber: message.sequenceNumber,
      }),
    });
    this.#link?.send(bytes);
  }
}
