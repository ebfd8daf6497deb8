// One connection among the many of a port session.
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import type { Clock } from "../clock.ts";
import { SmuxCommand } from "../wire/smux-header.ts";
import type { SmuxCommandNumber } from "../wire/smux-header.ts";
import { StreamError } from "./stream-error.ts";

const WRITE_BUFFER_BYTES = 64 * 1024;

/**
 * After our end of file, how long a connection must be silent until its FIN is sent.
 *
 * An agent that reads our FIN forgets the connection, and drops the answer that is still on its way.
 */
export const QUIET_BEFORE_FIN_MS = 5000;

/** One frame to send, without its stream id. */
export interface OutgoingFrame {
  readonly command: SmuxCommandNumber;
  readonly data: Buffer | undefined;
}

/** What a stream needs of its session. */
export interface MuxStreamOwner {
  readonly clock: Clock;
  /** Received bytes that one connection may keep for its reader. */
  readonly maxStreamBufferBytes: number;
  /** The stream has frames to send; it will be asked for them in its turn. */
  onReady(stream: MuxStream): void;
  /** The reader wants more. */
  onRead(): void;
  /** The stream has sent its last frame, and takes no more. */
  onGone(stream: MuxStream): void;
}

type Done = (error?: Error | null) => void;

/**
 * The bytes of one connection to the port.
 *
 * Fails with a StreamError when the port cannot be reached or the reader is too slow; other connections go on.
 */
export class MuxStream extends Duplex {
  readonly streamId: number;
  readonly #owner: MuxStreamOwner;
  #unsent: { readonly bytes: Buffer; readonly done: Done } | undefined;
  #isOpened = false;
  #isFinWanted = false;
  #isFinSent = false;
  #isPeerDone = false;
  #hasReceived = false;
  #lastReceivedMs: number;
  #cancelQuiet: () => void = () => undefined;

  constructor(streamId: number, owner: MuxStreamOwner) {
    super({
      allowHalfOpen: false,
      readableHighWaterMark: owner.maxStreamBufferBytes,
      writableHighWaterMark: WRITE_BUFFER_BYTES,
    });
    this.streamId = streamId;
    this.#owner = owner;
    this.#lastReceivedMs = owner.clock.now();
    owner.onReady(this); // the SYN
  }

  /** Whether the reader has left as much unread as a connection may keep. */
  get isFull(): boolean {
    return this.readableLength >= this.#owner.maxStreamBufferBytes;
  }

  /** The next frame to send, with at most `maxBytes` of data; undefined when there is none. */
  takeFrame(maxBytes: number): OutgoingFrame | undefined {
    if (!this.#isOpened) {
      this.#isOpened = true;
      return { command: SmuxCommand.syn, data: undefined };
    }
    if (this.#unsent !== undefined) return { command: SmuxCommand.psh, data: this.#takeData(maxBytes) };
    if (!this.#isFinWanted || this.#isFinSent) return undefined;
    this.#isFinSent = true;
    this.#owner.onGone(this); // who has sent a FIN forgets the stream, here as in the library on the other side
    return { command: SmuxCommand.fin, data: undefined };
  }

  /** Bytes came. */
  receive(bytes: Buffer): void {
    this.#hasReceived = true;
    this.#lastReceivedMs = this.#owner.clock.now();
    if (!this.destroyed && !this.#isPeerDone) this.push(bytes);
  }

  /** The far side closed; `couldNotConnect` says that the agent has just told of a port that it cannot reach. */
  receiveFin(couldNotConnect: boolean): void {
    this.#isPeerDone = true;
    if (couldNotConnect && !this.#hasReceived) {
      this.destroy(new StreamError("PORT_NOT_REACHED", "cannot connect: the agent does not reach the port"));
    } else if (!this.destroyed) {
      this.push(null);
      this.once("end", () => {
        this.#refuseUnsent();
      });
      this.#wantFin();
    }
  }

  override _read(): void {
    this.#owner.onRead();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#unsent = { bytes, done };
    if (this.#isPeerDone && this.readableEnded) this.#refuseUnsent();
    else this.#owner.onReady(this);
  }

  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    // Small pieces that had to wait go out together.
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), "utf8", done);
  }

  override _final(done: Done): void {
    done();
    if (!this.#isPeerDone) this.#finWhenQuiet();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#cancelQuiet();
    this.#unsent = undefined;
    this.#wantFin();
    done(error);
  }

  #takeData(maxBytes: number): Buffer | undefined {
    if (this.#unsent === undefined) return undefined;
    const { bytes, done } = this.#unsent;
    const data = bytes.subarray(0, maxBytes);
    if (data.length < bytes.length) this.#unsent = { bytes: bytes.subarray(maxBytes), done };
    else {
      this.#unsent = undefined;
      done();
    }
    return data;
  }

  #refuseUnsent(): void {
    const done = this.#unsent?.done;
    this.#unsent = undefined;
    done?.(new StreamError("CLOSED_BY_PEER", "cannot send: the far side has closed the connection"));
  }

  #wantFin(): void {
    this.#isFinWanted = true;
    if (!this.#isFinSent) this.#owner.onReady(this);
  }

  #finWhenQuiet(): void {
    const silentMs = this.#owner.clock.now() - this.#lastReceivedMs;
    const isReaderSlow = this.readableLength > 0;
    if (silentMs >= QUIET_BEFORE_FIN_MS && !isReaderSlow) {
      this.push(null);
      this.#wantFin();
      return;
    }
    const waitMs = isReaderSlow ? QUIET_BEFORE_FIN_MS : QUIET_BEFORE_FIN_MS - silentMs;
    this.#cancelQuiet = this.#owner.clock.schedule(waitMs, () => {
      if (!this.destroyed && !this.#isPeerDone) this.#finWhenQuiet();
    });
  }
}
