// A path between client and agent on which each message meets a fate of its own, in a time that the test turns.
import fc from "fast-check";
import { ConnectionError } from "../../../session-manager/data-channel/connection-error.ts";
import type { OpenTransport, TransportListener } from "../../../session-manager/data-channel/transport.ts";
import type { FakeClock } from "../../harness/fake-clock.ts";

/** What may happen to one message on its way. */
export type Fate = "deliver" | "drop" | "duplicate" | "damage" | "late" | "cut";

/** A path's fates in the order in which messages are sent; when they are used up, all is well. */
export const fates = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.constant<Fate>("deliver") },
    { weight: 2, arbitrary: fc.constantFrom<Fate>("drop", "duplicate", "damage", "late") },
    { weight: 1, arbitrary: fc.constant<Fate>("cut") },
  ),
  { maxLength: 120 },
);

/** What the agent at the other end of a path is to it. */
export interface PathEnd {
  /** A client has opened its data channel for the first time. */
  start(): void;
  onMessage(bytes: Buffer): void;
}

/** Carries messages both ways, each after `delayMs`; a client that stops reading is held back, not robbed. */
export class FaultyPath {
  readonly #clock: FakeClock;
  readonly #fates: Fate[];
  readonly #delayMs: number;
  readonly #unacknowledged = new Map<number, number>();
  #unacknowledgedBytes = 0;
  #listener: TransportListener | undefined;
  #wasOpened = false;
  #isPaused = false;
  #held: Buffer[] = [];
  #peakUnacknowledgedBytes = 0;
  agent: PathEnd | undefined;

  constructor(clock: FakeClock, fatesInTurn: readonly Fate[], delayMs: number) {
    this.#clock = clock;
    this.#fates = [...fatesInTurn];
    this.#delayMs = delayMs;
  }

  /** The most that the client had sent and not heard acknowledged, at any time. */
  get peakUnacknowledgedBytes(): number {
    return this.#peakUnacknowledgedBytes;
  }

  readonly openTransport: OpenTransport = (_, listener) => {
    const isFirst = !this.#wasOpened;
    this.#wasOpened = true;
    this.#listener = listener;
    this.#isPaused = false;
    this.#held = [];
    return Promise.resolve({
      bufferedBytes: 0,
      send: (bytes) => {
        if (this.#listener !== listener) return;
        this.#noteSent(bytes);
        this.#carry(bytes, (arrived) => this.agent?.onMessage(arrived));
      },
      sendText: () => {
        if (isFirst) this.#clock.schedule(1, () => this.agent?.start());
      },
      pause: () => (this.#isPaused = true),
      resume: () => {
        this.#isPaused = false;
        this.#clock.schedule(0, () => {
          this.#deliverHeld();
        });
      },
      close: () => undefined,
    });
  };

  /** The agent sends these bytes. */
  toClient(bytes: Buffer): void {
    const listener = this.#listener;
    this.#carry(bytes, (arrived) => {
      if (this.#listener !== listener) return;
      this.#held.push(arrived);
      this.#deliverHeld();
    });
  }

  /** The service itself sends these bytes, past all fates. */
  say(bytes: Buffer): void {
    this.#held.push(bytes);
    this.#deliverHeld();
  }

  #deliverHeld(): void {
    while (!this.#isPaused) {
      const bytes = this.#held.shift();
      if (bytes === undefined) return;
      this.#noteHeard(bytes);
      this.#listener?.onMessage(bytes);
    }
  }

  #carry(bytes: Buffer, deliver: (bytes: Buffer) => void): void {
    const met = this.#fates.shift() ?? "deliver";
    if (met === "drop") return;
    if (met === "cut") {
      this.#cut();
      return;
    }
    const arrived = Buffer.from(bytes);
    if (met === "damage") arrived.writeUInt8(arrived.readUInt8(arrived.length - 1) ^ 0xff, arrived.length - 1);
    const delays = met === "duplicate" ? [1, 2] : [met === "late" ? 3 : 1];
    for (const delay of delays) {
      this.#clock.schedule(this.#delayMs * delay, () => {
        deliver(arrived);
      });
    }
  }

  #cut(): void {
    const listener = this.#listener;
    this.#clock.schedule(0, () => {
      if (this.#listener !== listener || listener === undefined) return;
      this.#listener = undefined;
      listener.onClose(new ConnectionError("CONNECTION_LOST", "cut"));
    });
  }

  #noteSent(bytes: Buffer): void {
    const number = bytes.readUInt32BE(52);
    if (!isOfType(bytes, "input_stream_data") || this.#unacknowledged.has(number)) return;
    this.#unacknowledged.set(number, bytes.length);
    this.#unacknowledgedBytes += bytes.length;
    this.#peakUnacknowledgedBytes = Math.max(this.#peakUnacknowledgedBytes, this.#unacknowledgedBytes);
  }

  #noteHeard(bytes: Buffer): void {
    if (!isOfType(bytes, "acknowledge")) return;
    const number = Number(/Number":(\d+)/.exec(bytes.toString("latin1"))?.[1]);
    this.#unacknowledgedBytes -= this.#unacknowledged.get(number) ?? 0;
    if (this.#unacknowledged.has(number)) this.#unacknowledged.set(number, 0); // sent again, it would not count anew
  }
}

const isOfType = (bytes: Buffer, type: string): boolean => bytes.toString("latin1", 4, 4 + type.length) === type;
