// Files on this computer: digests, samples, and what the system says when it refuses.
import { createHash } from "node:crypto";
import { type FileHandle, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { Writable } from "node:stream";
import { gzipSync } from "node:zlib";
import { errorCode } from "../errors/error-code.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";
import type { Part } from "./parts.ts";

/** What stat(2) counts in. */
const STAT_BLOCK_BYTES = 512;
const READ_BYTES = 256 * 1024;
/** How much of a file is compressed to see whether it pays. */
const SAMPLE_BYTES = 128 * 1024;
/** A file that shrinks by less is not worth the time of a small instance. */
const WORTH_COMPRESSING = 0.9;

/** SHA-256 of a part of the file, in hexadecimal. */
export async function digestPart(file: FileHandle, { offset, length }: Part): Promise<string> {
  const hash = createHash("sha256");
  const bytes = Buffer.alloc(Math.min(READ_BYTES, length));
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(bytes, 0, Math.min(bytes.length, length - done), offset + done);
    if (bytesRead === 0) break;
    hash.update(bytes.subarray(0, bytesRead));
    done += bytesRead;
  }
  return hash.digest("hex");
}

/** Whether these bytes, some of a file, shrink enough. */
export function shrinks(sample: Buffer): boolean {
  return sample.length > 0 && gzipSync(sample, { level: 1 }).length < sample.length * WORTH_COMPRESSING;
}

/** Some bytes from the middle of a file: the beginning of many kinds is unlike the rest. */
export function samplePart(size: number): Part {
  const length = Math.min(SAMPLE_BYTES, size);
  return { offset: Math.floor((size - length) / 2), length };
}

/** Writes into the file from `offset` on, and counts. */
export class PartWriter extends Writable {
  written = 0;
  readonly #file: FileHandle;
  readonly #offset: number;
  readonly #onBytes: (bytes: number) => void;

  constructor(file: FileHandle, offset: number, onBytes: (bytes: number) => void) {
    super();
    this.#file = file;
    this.#offset = offset;
    this.#onBytes = onBytes;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    const at = this.#offset + this.written;
    this.written += chunk.length;
    this.#file.write(chunk, 0, chunk.length, at).then(() => {
      this.#onBytes(chunk.length);
      callback();
    }, callback);
  }
}

/**
 * Refuses what does not fit: of `bytes`, what the path has already need not be there again.
 *
 * @throws UserError (73)
 */
export async function checkRoom(path: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path));
  const taken = await stat(path).then(
    ({ blocks }) => blocks * STAT_BLOCK_BYTES,
    () => 0,
  );
  const missing = bytes - taken - bavail * bsize;
  if (missing > 0) throw noRoom(path, `${Math.ceil(missing / 1024 / 1024)} MiB are missing`);
}

export function noRoom(path: string, met: string, cause?: unknown): UserError {
  return new UserError(`cannot write ${quoted(path)}: no space left on its disk, ${met}`, {
    hint: "make room, then run the command again: what has been copied is kept",
    exitCode: ExitCode.CannotCreate,
    cause,
  });
}

/** What the system said about a path of this computer, for a person. */
export function localFailure(doing: string, path: string, cause: unknown): unknown {
  const code = errorCode(cause);
  if (code === undefined || code.startsWith("ERR_") || cause instanceof UserError) return cause;
  if (code === "ENOSPC" || code === "EDQUOT") return noRoom(path, "it is full", cause);
  const isMissing = code === "ENOENT" && doing === "read";
  const met = (cause as Error).message.split(",")[0] ?? code;
  return new UserError(`cannot ${doing} ${quoted(path)}: ${met}`, {
    hint: "look at that path",
    exitCode: isMissing ? ExitCode.NotFound : ExitCode.CannotCreate,
    cause,
  });
}
