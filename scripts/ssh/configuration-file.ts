// A person's own ssh configuration: read, kept as it was beside the file, and replaced whole or not at all.
import { randomUUID } from "node:crypto";
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { errorCode } from "../errors/error-code.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";

/** What became of the file. */
export interface ConfigurationChange {
  readonly isChanged: boolean;
  /** Where the file lies as it was; undefined when there was none, or nothing has changed. */
  readonly backup: string | undefined;
}

/**
 * Changes the file; one that does not exist is made, with its directory, for its user alone. A link is followed.
 *
 * @throws UserError (65, 66, 73) when it cannot be read, understood or written
 */
export function changeConfiguration(path: string, change: (text: string) => string): ConfigurationChange {
  const place = followLinks(path);
  const before = place === undefined ? "" : readText(place);
  const after = change(before);
  if (after === before) return { isChanged: false, backup: undefined };
  try {
    return { isChanged: true, backup: replace(place, path, after) };
  } catch (cause) {
    throw new UserError(`cannot write ${quoted(path)}: ${errorCode(cause) ?? "unknown reason"}`, {
      hint: `may you write in ${quoted(dirname(place ?? path))}? without --write the block is only printed`,
      exitCode: ExitCode.CannotCreate,
      cause,
    });
  }
}

/** @returns the backup's path */
function replace(place: string | undefined, path: string, text: string): string | undefined {
  if (place === undefined) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeWhole(path, text, 0o600);
    return undefined;
  }
  const backup = `${place}.before-isolated-bastion`;
  copyFileSync(place, backup);
  writeWhole(place, text, statSync(place).mode & 0o777);
  return backup;
}

/** ssh, which may be reading, meets the old file or the new one. */
function writeWhole(path: string, text: string, mode: number): void {
  const unfinished = `${path}.${randomUUID()}`;
  try {
    writeFileSync(unfinished, text, { mode, flag: "wx" });
    renameSync(unfinished, path);
  } finally {
    rmSync(unfinished, { force: true });
  }
}

function followLinks(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return undefined;
    throw unreadable(path, cause);
  }
}

function readText(path: string): string {
  const bytes = readBytes(path);
  const text = bytes.toString("utf8");
  if (Buffer.from(text, "utf8").equals(bytes)) return text;
  throw new UserError(`cannot change ${quoted(path)}: it is not in UTF-8`, {
    hint: "without --write the block is printed; put it at the beginning of the file by hand",
    exitCode: ExitCode.Data,
  });
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): UserError {
  return new UserError(`cannot read ${quoted(path)}: ${errorCode(cause) ?? "unknown reason"}`, {
    hint: "may you read it, and each folder above it?",
    exitCode: ExitCode.NotFound,
    cause,
  });
}
