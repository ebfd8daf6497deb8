// Copies a file from this computer to the bastion: in parts, over all lanes, written in place, checked by SHA-256.
import type { Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { Readable, Transform } from "node:stream";
import { digestPart, localFailure, samplePart, shrinks } from "./local-files.ts";
import { partialPath } from "./partial.ts";
import { type Part, overLanes, partLength, planParts } from "./parts.ts";
import { type FileState, digestRemote, finishRemote, prepareRemote, writeRemotePart } from "./remote-files.ts";
import { bytesOf, partsToCopy } from "./same-parts.ts";
import { type Copied, Progress, type Transfer, changed } from "./transfer.ts";

const PERMISSIONS = 0o777;

export interface Upload {
  /** Here. */
  readonly source: string;
  /** On the bastion; what is there already is replaced. */
  readonly destination: string;
  /** What is there. */
  readonly there: FileState | undefined;
}

/** @throws UserError for what a person can act on */
export async function uploadFile(upload: Upload, transfer: Transfer): Promise<Copied> {
  try {
    const file = await open(upload.source, "r");
    try {
      const before = await file.stat();
      return (
        (await keepSame(file, { ...upload, before }, transfer)) ?? (await send(file, { ...upload, before }, transfer))
      );
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw localFailure("read", upload.source, cause);
  }
}

interface Sending extends Upload {
  /** The source as it was first. */
  readonly before: Stats;
}

/** What is there already needs no copy if it is the same. */
async function keepSame(file: FileHandle, sending: Sending, transfer: Transfer): Promise<Copied | undefined> {
  const { source, destination, before, there } = sending;
  const { size } = before;
  if (there?.size !== size) return undefined;
  const sha256 = await sameDigest(file, { path: destination, before }, transfer);
  if (sha256 === undefined) return undefined;
  await finishRemote(transfer.lanes.first(), { partial: destination, destination }, stateOf(before));
  return { source, destination, bytes: size, keptBytes: size, seconds: 0, sessions: 1, isCompressed: false, sha256 };
}

async function send(file: FileHandle, { source, destination, before }: Sending, transfer: Transfer): Promise<Copied> {
  const { size } = before;
  const partial = partialPath(destination);
  const hadBytes = await prepareRemote(transfer.lanes.first(), { partial, destination }, size);
  const parts = planParts(size, partLength(size, transfer.lanes.limit));
  const missing = await partsToCopy({ file, path: partial, parts, hadBytes }, transfer.lanes.first());
  const isCompressed = missing.length > 0 && (await paysCompression(file, size, transfer));
  const lanes = await transfer.lanes.forParts(missing.length);
  const progress = new Progress(source, bytesOf(missing), transfer);
  await overLanes(lanes, missing, (part, lane) =>
    writeRemotePart(lane, { path: partial, part, isCompressed }, partOf(file, part, progress.add)),
  ).finally(() => {
    progress.end();
  });
  const sha256 = await sameDigest(file, { path: partial, before }, transfer);
  if (sha256 === undefined) throw changed(source);
  await finishRemote(transfer.lanes.first(), { partial, destination }, stateOf(before));
  const keptBytes = size - bytesOf(missing);
  const { seconds } = progress;
  return { source, destination, bytes: size, keptBytes, seconds, sessions: lanes.length, isCompressed, sha256 };
}

function stateOf({ mode, mtimeMs }: Stats): Pick<FileState, "mode" | "modifiedSeconds"> {
  return { mode: mode & PERMISSIONS, modifiedSeconds: Math.floor(mtimeMs / 1_000) };
}

/** Reads the part, and tells of each piece. */
export function partOf(file: FileHandle, { offset, length }: Part, onBytes: (bytes: number) => void): Readable {
  const content = file.createReadStream({ start: offset, end: offset + length - 1, autoClose: false });
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      onBytes(chunk.length);
      callback(null, chunk);
    },
  });
  content.once("error", (error) => counter.destroy(error));
  return content.pipe(counter);
}

interface Comparison {
  /** On the bastion. */
  readonly path: string;
  readonly before: Stats;
}

/** The digest of both sides; undefined when it differs, or the source has another size or time by now. */
async function sameDigest(
  file: FileHandle,
  { path, before }: Comparison,
  transfer: Transfer,
): Promise<string | undefined> {
  const [there, here] = await Promise.all([
    digestRemote(transfer.lanes.first(), path),
    digestPart(file, { offset: 0, length: before.size }),
  ]);
  const after = await file.stat();
  const isSame = after.size === before.size && after.mtimeMs === before.mtimeMs;
  return isSame && there.sha256 === here ? here : undefined;
}

/** Whether it pays to compress the file: all of it, if some of it shrinks. */
export async function paysCompression(
  file: FileHandle,
  size: number,
  { compression }: Pick<Transfer, "compression">,
): Promise<boolean> {
  if (compression !== "auto") return compression === "always";
  const { offset, length } = samplePart(size);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
  return shrinks(buffer.subarray(0, bytesRead));
}
