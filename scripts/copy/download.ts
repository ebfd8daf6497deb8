// Copies a file from the bastion to this computer: in parts, over all lanes, written in place, checked by SHA-256.
import { constants } from "node:fs";
import { type FileHandle, copyFile, open, realpath, rename } from "node:fs/promises";
import { Writable } from "node:stream";
import { errorCode } from "../errors/error-code.ts";
import { PartWriter, checkRoom, digestPart, localFailure, samplePart, shrinks } from "./local-files.ts";
import { partialPath } from "./partial.ts";
import { type Part, overLanes, partLength, planParts } from "./parts.ts";
import { type FileState, type ScriptRunner, digestRemote, readRemotePart } from "./remote-files.ts";
import { bytesOf, partsToCopy } from "./same-parts.ts";
import { type Copied, Progress, type Transfer, changed } from "./transfer.ts";

/** Until it is whole, nobody else need see it. */
const PRIVATE_MODE = 0o600;

export interface Download {
  /** On the bastion. */
  readonly source: string;
  readonly state: FileState;
  /** Here; what is there already is replaced. */
  readonly destination: string;
}

/** @throws UserError for what a person can act on */
export async function downloadFile(given: Download, transfer: Transfer): Promise<Copied> {
  const destination = await realpath(given.destination).catch(() => given.destination);
  const download = { ...given, destination };
  try {
    return (await keepSame(download, transfer)) ?? (await fetchFile(download, transfer));
  } catch (cause) {
    throw localFailure("write", destination, cause);
  }
}

/** What is there already needs no copy if it is the same. */
async function keepSame(download: Download, transfer: Transfer): Promise<Copied | undefined> {
  const { source, state, destination } = download;
  const file = await open(destination, constants.O_RDONLY).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    const sha256 = size === state.size ? await sameDigest(file, download, transfer) : undefined;
    if (sha256 === undefined) return undefined;
    await setState(file, state);
    return { source, destination, bytes: size, keptBytes: size, seconds: 0, sessions: 1, isCompressed: false, sha256 };
  } finally {
    await file.close();
  }
}

async function fetchFile(download: Download, transfer: Transfer): Promise<Copied> {
  const { state, destination } = download;
  const partial = partialPath(destination);
  await checkRoom(partial, state.size);
  await copyFile(destination, partial, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE).catch(ignoreUnlike);
  const file = await open(partial, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, PRIVATE_MODE);
  const copied = await fill(file, download, transfer).finally(() => file.close());
  await rename(partial, destination);
  return copied;
}

/** There is nothing to begin with, or more of it already. */
function ignoreUnlike(cause: unknown): void {
  if (!["ENOENT", "EEXIST"].includes(errorCode(cause) ?? "")) throw cause;
}

async function fill(file: FileHandle, download: Download, transfer: Transfer): Promise<Copied> {
  const { source, state, destination } = download;
  const { size } = state;
  await file.chmod(PRIVATE_MODE);
  const { size: hadBytes } = await file.stat();
  await file.truncate(size);
  const parts = planParts(size, partLength(size, transfer.lanes.limit));
  const missing = await partsToCopy({ file, path: source, parts, hadBytes }, transfer.lanes.first());
  const isCompressed = missing.length > 0 && (await paysCompression(source, size, transfer));
  const lanes = await transfer.lanes.forParts(missing.length);
  const progress = new Progress(source, bytesOf(missing), transfer);
  await overLanes(lanes, missing, (part, lane) =>
    readPart({ file, source, part, isCompressed, onBytes: progress.add }, lane),
  ).finally(() => {
    progress.end();
  });
  const sha256 = await sameDigest(file, download, transfer);
  if (sha256 === undefined) throw changed(source);
  await setState(file, state);
  const keptBytes = size - bytesOf(missing);
  const { seconds } = progress;
  return { source, destination, bytes: size, keptBytes, seconds, sessions: lanes.length, isCompressed, sha256 };
}

async function setState(file: FileHandle, { mode, modifiedSeconds }: FileState): Promise<void> {
  await file.chmod(mode);
  await file.utimes(modifiedSeconds, modifiedSeconds);
}

export interface PartDownload {
  readonly file: FileHandle;
  readonly source: string;
  readonly part: Part;
  readonly isCompressed: boolean;
  readonly onBytes: (bytes: number) => void;
}

export async function readPart(
  { file, source, part, isCompressed, onBytes }: PartDownload,
  lane: ScriptRunner,
): Promise<void> {
  const writer = new PartWriter(file, part.offset, onBytes);
  await readRemotePart(lane, { path: source, part, isCompressed }, writer);
  if (writer.written !== part.length) throw changed(source);
}

/** The digest of both sides; undefined when it differs, or the source has another size or time by now. */
async function sameDigest(
  file: FileHandle,
  { source, state }: Download,
  { lanes }: Transfer,
): Promise<string | undefined> {
  const [there, here] = await Promise.all([
    digestRemote(lanes.first(), source),
    digestPart(file, { offset: 0, length: state.size }),
  ]);
  const isSame = there.state.size === state.size && there.state.modifiedSeconds === state.modifiedSeconds;
  return isSame && there.sha256 === here ? here : undefined;
}

/** Whether it pays to compress a file on the bastion: all of it, if some of it shrinks. */
export async function paysCompression(
  path: string,
  size: number,
  { compression, lanes }: Pick<Transfer, "compression" | "lanes">,
): Promise<boolean> {
  if (compression !== "auto") return compression === "always";
  const chunks: Buffer[] = [];
  const sample = new Writable({
    write(chunk: Buffer, _encoding, callback) {
      chunks.push(chunk);
      callback();
    },
  });
  await readRemotePart(lanes.first(), { path, part: samplePart(size), isCompressed: false }, sample);
  return shrinks(Buffer.concat(chunks));
}
