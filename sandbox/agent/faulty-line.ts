// One direction between client and agent, on which messages meet the faults that a test has named.
import type { Clock } from "../../session-manager/clock.ts";
import { MessageType, PayloadType } from "../../session-manager/wire/agent-message.ts";
import { chance, type MessageFaults } from "../faults.ts";

export interface FaultyLineOptions {
  readonly clock: Clock;
  /** Read for each message. */
  readonly faults: () => MessageFaults;
  readonly seed: () => number;
  readonly deliver: (message: Buffer) => void;
}

/** What a number is drawn for: each fault has draws of its own. */
const Purpose = { drop: 0, duplicate: 1, reorder: 2, delay: 3, corrupt: 4, dropAcknowledgements: 5, bit: 6 } as const;

/** How long a message waits for the one that it is to change places with. */
const REORDER_LIMIT_MS = 50;

const MESSAGE_TYPE_OFFSET = 4;
const PAYLOAD_TYPE_OFFSET = 112;
const HANDSHAKE_TYPES: readonly number[] = [
  PayloadType.handshakeRequest,
  PayloadType.handshakeResponse,
  PayloadType.handshakeComplete,
];

/** Passes messages on, all in order and at once unless a fault meets them. */
export class FaultyLine {
  readonly #options: FaultyLineOptions;
  #index = -1;
  #held: { readonly message: Buffer; readonly callOff: () => void } | undefined;

  constructor(options: FaultyLineOptions) {
    this.#options = options;
  }

  pass(message: Buffer): void {
    this.#index += 1;
    const faults = this.#options.faults();
    if (this.#isDropped(faults, message)) return;
    const passed = this.#meets(faults.corrupt, Purpose.corrupt) ? this.#corrupted(message) : message;
    if (this.#meets(faults.delay, Purpose.delay)) {
      this.#options.clock.schedule(faults.delayMs, () => {
        this.#options.deliver(passed);
      });
      return;
    }
    if (this.#meets(faults.reorder, Purpose.reorder) && this.#hold(passed)) return;
    this.#options.deliver(passed);
    if (this.#meets(faults.duplicate, Purpose.duplicate)) this.#options.deliver(passed);
    this.#release();
  }

  #isDropped(faults: MessageFaults, message: Buffer): boolean {
    if (this.#meets(faults.drop, Purpose.drop)) return true;
    return this.#meets(faults.dropAcknowledgements, Purpose.dropAcknowledgements) && isAcknowledge(message);
  }

  #meets(share: number, purpose: number): boolean {
    return share > 0 && chance(this.#options.seed(), this.#index, purpose) < share;
  }

  #corrupted(message: Buffer): Buffer {
    const copy = Buffer.from(message);
    const bit = Math.floor(chance(this.#options.seed(), this.#index, Purpose.bit) * copy.length * 8);
    copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    return copy;
  }

  #hold(message: Buffer): boolean {
    if (this.#held !== undefined || isHandshake(message)) return false;
    const callOff = this.#options.clock.schedule(REORDER_LIMIT_MS, () => {
      this.#release();
    });
    this.#held = { message, callOff };
    return true;
  }

  #release(): void {
    if (this.#held === undefined) return;
    const { message, callOff } = this.#held;
    this.#held = undefined;
    callOff();
    this.#options.deliver(message);
  }
}

function isAcknowledge(message: Buffer): boolean {
  const { acknowledge } = MessageType;
  return message.toString("latin1", MESSAGE_TYPE_OFFSET, MESSAGE_TYPE_OFFSET + acknowledge.length) === acknowledge;
}

function isHandshake(message: Buffer): boolean {
  if (message.length < PAYLOAD_TYPE_OFFSET + 4) return false;
  return HANDSHAKE_TYPES.includes(message.readUInt32BE(PAYLOAD_TYPE_OFFSET));
}
