// Reads an exact number of bytes from a stream that is to be handed on afterwards with all the rest still in it.
import { Buffer } from "node:buffer";
import type { Readable } from "node:stream";

/**
 * The next bytes; it leaves the stream paused.
 *
 * @throws RangeError when the stream ends first
 */
export async function readBytes(stream: Readable, length: number): Promise<Buffer> {
  for (;;) {
    const bytes = stream.read(length) as Buffer | null;
    if (bytes?.length === length) return bytes;
    if (bytes !== null || stream.readableEnded || stream.destroyed) throw new RangeError("the stream has ended");
    await somethingHappens(stream);
  }
}

/** A message that begins with `head` bytes, of which the last four say how long it is, themselves included. */
export async function readMessage(stream: Readable, head: 4 | 5, maxBytes: number): Promise<Buffer> {
  const start = await readBytes(stream, head);
  const length = start.readInt32BE(head - 4) - 4;
  if (length < 0 || length > maxBytes) throw new RangeError(`a message of ${length} bytes`);
  return length === 0 ? start : Buffer.concat([start, await readBytes(stream, length)]);
}

function somethingHappens(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    const events = ["readable", "end", "close", "error"];
    const done = (): void => {
      for (const event of events) stream.removeListener(event, done);
      resolve();
    };
    for (const event of events) stream.on(event, done);
  });
}
