// Files on the bastion, as far as copying needs them: each call is one script on one lane.
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { errorCode } from "../errors/error-code.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { printable, quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";
import type { Lane } from "./lane.ts";
import type { Part } from "./parts.ts";
import {
  AVAILABLE_MEMORY,
  DIGEST,
  DIGEST_PARTS,
  FINISH,
  PREPARE,
  READ_PART,
  READ_PART_COMPRESSED,
  STAT,
  WRITE_PART,
  WRITE_PART_COMPRESSED,
} from "./remote-scripts.ts";

/** A lane as the calls here need it. */
export type ScriptRunner = Pick<Lane, "run" | "isLost">;

export interface FileState {
  readonly kind: "file" | "directory" | "other";
  /** Permissions: the lower nine bits. */
  readonly mode: number;
  readonly size: number;
  /** Seconds since 1970 UTC, whole ones. */
  readonly modifiedSeconds: number;
}

/** The lane's session or ssh has ended, and with it what ran there; another lane may do it. */
export class LaneLostError extends Error {
  override readonly name = "LaneLostError";
}

/** @see inode(7), st_mode */
const FILE_TYPE = { mask: 0o170000, directory: 0o040000, file: 0o100000 } as const;
const PERMISSIONS = 0o777;

/** The path as no program takes it for an option. */
export function argument(path: string): string {
  return path.startsWith("/") ? path : `./${path}`;
}

/**
 * What stands at that path; undefined when there is nothing.
 *
 * @throws UserError when it may not be looked at
 */
export async function statRemote(lane: ScriptRunner, path: string): Promise<FileState | undefined> {
  const answer = await text(lane, { script: STAT, words: [argument(path)], doing: `read ${quoted(path)}` });
  return answer === "" ? undefined : readState(answer);
}

function readState(answer: string): FileState {
  const [mode = "", size, seconds] = answer.split(" ");
  const bits = Number.parseInt(mode, 16);
  const type = bits & FILE_TYPE.mask;
  const kind = type === FILE_TYPE.file ? "file" : type === FILE_TYPE.directory ? "directory" : "other";
  return { kind, mode: bits & PERMISSIONS, size: Number(size), modifiedSeconds: Number(seconds) };
}

/** Memory on the instance that more processes may take, in bytes; undefined where it is not known. */
export async function availableMemory(lane: ScriptRunner): Promise<number | undefined> {
  const answer = await text(lane, { script: AVAILABLE_MEMORY, words: [], doing: "look at the instance's memory" });
  return answer === "" ? undefined : Number(answer) * 1024;
}

/** The file's SHA-256 in hexadecimal, and its state after it was read. */
export async function digestRemote(
  lane: ScriptRunner,
  path: string,
): Promise<{ readonly sha256: string; readonly state: FileState }> {
  const answer = await text(lane, { script: DIGEST, words: [argument(path)], doing: `read ${quoted(path)}` });
  const [digest = "", state = ""] = answer.split("\n");
  return { sha256: digest.slice(0, 64), state: readState(state) };
}

/** SHA-256 of each part. */
export async function digestRemoteParts(lane: ScriptRunner, path: string, parts: readonly Part[]): Promise<string[]> {
  const input = parts.map(({ offset, length }) => `${offset + 1} ${length}\n`).join("");
  const run = { script: DIGEST_PARTS, words: [argument(path)], doing: `read ${quoted(path)}`, input };
  const answer = await text(lane, run);
  return answer.split("\n").map((line) => line.slice(0, 64));
}

/** Reads a part, into `sink`. */
export async function readRemotePart(
  lane: ScriptRunner,
  { path, part, isCompressed }: PartRequest,
  sink: Writable,
): Promise<void> {
  const script = isCompressed ? READ_PART_COMPRESSED : READ_PART;
  const words = [argument(path), String(part.offset + 1), String(part.length)];
  const run = lane.run(script, words);
  run.input.end();
  const carried = isCompressed ? pipeline(run.output, createGunzip(), sink) : pipeline(run.output, sink);
  await settle(lane, run.ended, carried, `read ${quoted(path)}`);
}

/** Writes a part, from `source`. */
export async function writeRemotePart(
  lane: ScriptRunner,
  { path, part, isCompressed }: PartRequest,
  source: Readable,
): Promise<void> {
  const script = isCompressed ? WRITE_PART_COMPRESSED : WRITE_PART;
  const run = lane.run(script, [argument(path), String(part.offset)]);
  run.output.resume();
  const carried = isCompressed ? pipeline(source, createGzip({ level: 1 }), run.input) : pipeline(source, run.input);
  await settle(lane, run.ended, carried, `write ${quoted(path)}`);
}

export interface PartRequest {
  readonly path: string;
  readonly part: Part;
  readonly isCompressed: boolean;
}

export interface RemoteCopy {
  /** Where it grows. */
  readonly partial: string;
  /** The path that it gets when it is whole. */
  readonly destination: string;
}

/**
 * Makes the file that is not whole yet, from what has its path now, or gives it its new size; what it holds stays.
 *
 * @returns its size before
 * @throws UserError (73) when it may not be written, or does not fit on the instance's disk
 */
export async function prepareRemote(
  lane: ScriptRunner,
  { partial, destination }: RemoteCopy,
  size: number,
): Promise<number> {
  const doing = `write ${quoted(destination)}`;
  const words = [argument(partial), String(size), argument(destination)];
  const answer = await text(lane, { script: PREPARE, words, doing });
  const [had, missing] = answer.split(" ").map(Number);
  if (missing === 0) return had ?? 0;
  throw noSpace(doing, missingBytes(missing ?? 0));
}

/** Gives the file its mode and time, and then its path. */
export async function finishRemote(
  lane: ScriptRunner,
  { partial, destination }: RemoteCopy,
  { mode, modifiedSeconds }: Pick<FileState, "mode" | "modifiedSeconds">,
): Promise<void> {
  const words = [argument(partial), mode.toString(8), String(modifiedSeconds), argument(destination)];
  await text(lane, { script: FINISH, words, doing: `write ${quoted(destination)}` });
}

export interface TextRun {
  readonly script: string;
  readonly words: readonly string[];
  /** For the error: `cannot <doing> on the bastion`. */
  readonly doing: string;
  readonly input?: string | Buffer;
  /** @default - `utf8` */
  readonly encoding?: BufferEncoding;
}

/** What a script prints. */
export async function text(
  lane: ScriptRunner,
  { script, words, doing, input = "", encoding = "utf8" }: TextRun,
): Promise<string> {
  const run = lane.run(script, words);
  run.input.end(input);
  let printed = "";
  run.output.setEncoding(encoding).on("data", (chunk: string) => (printed += chunk));
  await settle(lane, run.ended, Promise.resolve(), doing);
  return printed.trim();
}

/** Waits for the script and for what was carried to or from it. The script's words come first, but after a file's here. */
export async function settle(
  lane: ScriptRunner,
  ended: Promise<{ readonly status: number; readonly said: string }>,
  carried: Promise<unknown>,
  doing: string,
): Promise<void> {
  const [run, carriage] = await Promise.allSettled([ended, carried]);
  if (run.status === "rejected") throw run.reason;
  const { status, said } = run.value;
  if (lane.isLost) throw new LaneLostError(`cannot ${doing}: the session has ended`);
  if (carriage.status === "rejected" && isOfFileHere(carriage.reason)) throw carriage.reason;
  if (status !== 0 || said !== "") throw remoteFailure(doing, status, said);
  if (carriage.status === "rejected") throw carriage.reason;
}

/** What programs say when a disk is full; GNU tar tells of a file that fitted in part how much of it has. */
export function tellsFullDisk(said: string): boolean {
  return /No space left on device|Disk quota exceeded|Wrote only \d+ of/.test(said);
}

/** A pipe that breaks is the script's end, which has its own reason. */
function isOfFileHere(error: unknown): boolean {
  const code = errorCode(error);
  return code !== undefined && /^E[A-Z]+$/.test(code) && code !== "EPIPE" && code !== "ECONNRESET";
}

function remoteFailure(doing: string, status: number, said: string): UserError {
  if (tellsFullDisk(said)) return noSpace(doing, "its disk is full");
  const denied = said.includes("Permission denied");
  const last = said.split("\n").at(-1) ?? "";
  const met = last === "" ? `it ended with status ${status}` : printable(last);
  return new UserError(`cannot ${doing} on the bastion: ${met}`, {
    hint: denied ? "may that OS user do it? see --os-user" : "does the directory exist? --debug shows more",
    exitCode: denied ? ExitCode.Denied : ExitCode.CannotCreate,
  });
}

/** E.g. `12 MiB are missing`. */
export function missingBytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024)} MiB are missing`;
}

export function noSpace(doing: string, met: string): UserError {
  return new UserError(`cannot ${doing} on the bastion: no space left on its disk, ${met}`, {
    hint: "make room there, then run the command again: what has been copied is kept",
    exitCode: ExitCode.CannotCreate,
  });
}
