// What the gateway's ports lead to: a sink that digests, a source, and an echo; no sockets, so that they cost little.
import { createHash } from "node:crypto";
import { Duplex } from "node:stream";
import type { Clock } from "../../session-manager/clock.ts";
import { pieceAt } from "./block.ts";
import { ALL_RECEIVED } from "./scenario.ts";

const PIECE_BYTES = 64 * 1024;
const LATE_TIMER_MS = 20;

export interface SinkOptions {
  readonly clock: Clock;
  readonly expectedBytes: number;
  /** 0: as fast as it comes. */
  readonly bytesPerSecond: number;
  /** SHA-256 of all that was expected. */
  readonly onDigest: (digest: string) => void;
}

/** Takes `expectedBytes`, at its pace, and answers with one word. */
export class Sink extends Duplex {
  readonly #options: SinkOptions;
  readonly #digest = createHash("sha256");
  #receivedBytes = 0;
  #isFreeAtMs = 0;

  constructor(options: SinkOptions) {
    super({ writableHighWaterMark: PIECE_BYTES });
    this.#options = options;
  }

  override _read(): void {
    // The one word comes by itself.
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const { expectedBytes, bytesPerSecond, onDigest } = this.#options;
    this.#digest.update(bytes);
    this.#receivedBytes += bytes.length;
    if (this.#receivedBytes === expectedBytes) {
      onDigest(this.#digest.digest("hex"));
      this.push(ALL_RECEIVED);
    }
    if (bytesPerSecond === 0) done();
    else this.#takeItsTime(bytes.length, bytesPerSecond, done);
  }

  #takeItsTime(length: number, bytesPerSecond: number, done: () => void): void {
    const { clock } = this.#options;
    // What a late timer costs is made up for: the pace is kept on average.
    this.#isFreeAtMs = Math.max(this.#isFreeAtMs, clock.now() - LATE_TIMER_MS) + (1000 * length) / bytesPerSecond;
    const waitMs = this.#isFreeAtMs - clock.now();
    if (waitMs < 1) done();
    else clock.schedule(waitMs, done);
  }
}

/** Gives `length` bytes when the first byte is asked for, and stays open. */
export class Source extends Duplex {
  readonly #length: number;
  #offset = 0;

  constructor(length: number) {
    super({ readableHighWaterMark: PIECE_BYTES });
    this.#length = length;
  }

  override _read(): void {
    if (this.#offset >= this.#length) return;
    const piece = pieceAt(this.#offset, Math.min(PIECE_BYTES, this.#length - this.#offset));
    this.#offset += piece.length;
    this.push(piece);
  }

  override _write(_bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    done();
  }
}

/** Gives back what it takes. */
export class Echo extends Duplex {
  override _read(): void {
    // What is written comes out by itself.
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.push(Buffer.from(bytes));
    done();
  }
}
