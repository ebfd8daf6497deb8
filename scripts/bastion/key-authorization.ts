// Authorizes the key when sshd speaks, so that its 60 s begin when they are needed.
import { Transform } from "node:stream";
import type { Clock } from "../../session-manager/clock.ts";

/** EC2 Instance Connect keeps a key for 60 s; the rest is for a login over a slow line. */
const TRUSTED_FOR_MS = 45_000;

/** One key on one instance for one OS user, authorized as often as connections need it. */
export class KeyAuthorization {
  readonly #send: () => Promise<void>;
  readonly #clock: Clock;
  #sent: { readonly atMs: number; readonly answer: Promise<void> } | undefined;

  /** @param send - sends the key, and resolves when AWS has taken it */
  constructor(send: () => Promise<void>, clock: Clock) {
    this.#send = send;
    this.#clock = clock;
  }

  /** How long ago the key was sent for the last time; undefined when it was not. */
  get ageMs(): number | undefined {
    return this.#sent === undefined ? undefined : this.#clock.now() - this.#sent.atMs;
  }

  /** Resolves when the key is authorized for 15 s more at least; rejects with what sending it met. */
  async ensure(): Promise<void> {
    const isFresh = this.#sent !== undefined && this.#clock.now() - this.#sent.atMs <= TRUSTED_FOR_MS;
    const sent = isFresh && this.#sent !== undefined ? this.#sent : { atMs: this.#clock.now(), answer: this.#send() };
    this.#sent = sent;
    try {
      await sent.answer;
    } catch (error) {
      this.#sent = undefined; // the next connection tries again
      throw error;
    }
  }
}

const LINE_FEED = 0x0a;
const VERSION_PREFIX = Buffer.from("SSH-");
/** RFC 4253 4.2 gives the version line 255 bytes, and lines before it no bound; a peer that goes on for longer is no sshd. */
const LONGEST_PREAMBLE_BYTES = 64 * 1024;

/**
 * Passes the server's bytes up to its version line at once, then holds the rest until `authorize` has resolved.
 *
 * ssh's own ConnectTimeout is content as soon as it has the version line, so the wait may be long.
 *
 * @see RFC 4253 section 4.2: other lines may come before the version line
 */
export function holdAfterVersionLine(authorize: () => Promise<void>): Transform {
  const preamble = new Preamble();
  return new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      const end = preamble.endIn(chunk);
      if (end === undefined) {
        callback(null, chunk);
        return;
      }
      this.push(chunk.subarray(0, end));
      const rest = chunk.subarray(end);
      authorize().then(
        () => {
          callback(null, rest.length > 0 ? rest : undefined);
        },
        (error: unknown) => {
          callback(error instanceof Error ? error : new TypeError(String(error)));
        },
      );
    },
  });
}

/** Everything up to the end of the version line, met in pieces. */
class Preamble {
  #lineStart: Buffer = Buffer.alloc(0);
  #seenBytes = 0;
  #isOver = false;

  /** Where in this chunk the preamble ends; undefined when it goes on, or was over before. */
  endIn(chunk: Buffer): number | undefined {
    if (this.#isOver) return undefined;
    const end = this.#endOfVersionLine(chunk) ?? this.#endOfPatience(chunk);
    this.#seenBytes += chunk.length;
    this.#isOver = end !== undefined;
    return end;
  }

  #endOfVersionLine(chunk: Buffer): number | undefined {
    let start = 0;
    for (let feed = chunk.indexOf(LINE_FEED); feed !== -1; feed = chunk.indexOf(LINE_FEED, start)) {
      const isVersionLine = this.#beginning(chunk.subarray(start, feed)).equals(VERSION_PREFIX);
      this.#lineStart = Buffer.alloc(0);
      start = feed + 1;
      if (isVersionLine) return start;
    }
    this.#lineStart = this.#beginning(chunk.subarray(start));
    return undefined;
  }

  /** The first bytes of the line that these bytes go on with; more than the prefix need not be kept. */
  #beginning(bytes: Buffer): Buffer {
    return Buffer.concat([this.#lineStart, bytes]).subarray(0, VERSION_PREFIX.length);
  }

  #endOfPatience(chunk: Buffer): number | undefined {
    return this.#seenBytes + chunk.length > LONGEST_PREAMBLE_BYTES ? 0 : undefined;
  }
}
