// Writing to a channel of the ssh2 package, a chunk at a time: it mixes up its two outputs otherwise.
import type { Readable, Writable } from "node:stream";
import type { ServerChannel } from "ssh2";

/** Where ssh2 1.17 keeps a chunk that waits for the client's window; it never clears them (lib/Channel.js, server.js). */
const LEFTOVERS = ["_chunk", "_chunkcb", "_chunkErr", "_chunkcbErr"];

/**
 * Writes to stdout and stderr of one channel; each chunk is with the client's window before the next begins.
 *
 * ssh2 sends a chunk that waited for window on stdout a second time as soon as one waits on stderr, and forgets
 * one of them if both wait. So only one waits at a time, and what ssh2 keeps of it is cleared afterwards.
 */
export class ChannelWriter {
  readonly #channel: ServerChannel;
  #last: Promise<void> = Promise.resolve();
  #release: () => void = () => undefined;

  constructor(channel: ServerChannel) {
    this.#channel = channel;
    // A write that waits for window when the channel closes is never answered by ssh2.
    channel.once("close", () => {
      this.#release();
    });
    channel.on("error", () => undefined); // written after the client closed the channel
  }

  /** Copies until the source ends or fails; resolves when its last byte is with ssh2's transport. */
  copy(source: Readable, target: Writable): Promise<void> {
    // Not `for await`: that destroys a socket at the end of what it reads, and with it the way back.
    source.on("data", (chunk: Buffer) => {
      source.pause();
      void this.#write(target, chunk).then(() => source.resume());
    });
    return new Promise((resolve) => {
      const concluded = (): void => {
        resolve(this.#last);
      };
      source.once("end", concluded).once("close", concluded);
    });
  }

  #write(target: Writable, chunk: Buffer): Promise<void> {
    this.#last = this.#last.then(() => this.#writeNow(target, chunk));
    return this.#last;
  }

  #writeNow(target: Writable, chunk: Buffer): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        for (const leftover of LEFTOVERS) Reflect.set(this.#channel, leftover, undefined);
        resolve();
      };
      this.#release = done;
      if (target.writable) target.write(chunk, done);
      else done();
    });
  }
}
