// Frames out of a stream of bytes that is cut anywhere.
import { Buffer } from "node:buffer";
import { decodeSmuxHeader, SMUX_HEADER_BYTES, SmuxCommand } from "../wire/smux-header.ts";
import type { SmuxHeader } from "../wire/smux-header.ts";

/** What a reader tells. */
export interface SmuxFrameListener {
  /** A frame begins; its data, if it has any, follows in pieces. */
  onFrame(header: SmuxHeader): void;

  /** The next bytes of a PSH frame: a view. */
  onData(streamId: number, bytes: Buffer): void;
}

/** Keeps a part of a header at most, never data: a frame's pieces are passed on as they come. */
export class SmuxFrameReader {
  readonly #listener: SmuxFrameListener;
  #partialHeader: Buffer = Buffer.alloc(0);
  #header: SmuxHeader | undefined;
  #missingBytes = 0;

  constructor(listener: SmuxFrameListener) {
    this.#listener = listener;
  }

  /** Reads on. @throws ProtocolError with the code SMUX_BAD_VERSION or SMUX_BAD_COMMAND */
  read(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0) rest = this.#missingBytes > 0 ? this.#readData(rest) : this.#readHeader(rest);
  }

  #readHeader(bytes: Buffer): Buffer {
    const wanted = SMUX_HEADER_BYTES - this.#partialHeader.length;
    const start = Buffer.concat([this.#partialHeader, bytes.subarray(0, wanted)]);
    if (start.length < SMUX_HEADER_BYTES) {
      this.#partialHeader = start;
      return bytes.subarray(bytes.length);
    }
    this.#partialHeader = Buffer.alloc(0);
    this.#header = decodeSmuxHeader(start);
    this.#missingBytes = this.#header.payloadLength;
    this.#listener.onFrame(this.#header);
    return bytes.subarray(wanted);
  }

  #readData(bytes: Buffer): Buffer {
    const data = bytes.subarray(0, this.#missingBytes);
    this.#missingBytes -= data.length;
    if (this.#header?.command === SmuxCommand.psh) this.#listener.onData(this.#header.streamId, data);
    return bytes.subarray(data.length);
  }
}
