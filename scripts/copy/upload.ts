// Copies a file from this computer to the bastion: in parts, over all lanes, written in place, checked by SHA-256.
import type { Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { Readable, Transform } from "node:stream";
import { digestPart, localFailure, samplePart, shrinks } from "./local-files.ts";
import { type Part, overLanes, planParts } from "./parts.ts";
import { digestRemote, finishRemote, prepareRemote, writeRemotePart } from "./remote-files.ts";
import { bytesOf, partsToCopy } from "./same-parts.ts";
import { type Copied, Progress, type Transfer, changed } from "./transfer.ts";

const PERMISSIONS = 0o777;

export interface Upload {
  /** Here. */
  readonly source: string;
  /** On the bastion. */
  readonly destination: string;
}

/** @throws UserError for what a person can act on */
export async function uploadFile(upload: Upload, transfer: Transfer): Promise<Copied> {
  try {
    const file = await open(upload.source, "r");
    return await send(file, upload, transfer).finally(() => file.close());
  } catch (cause) {
    throw localFailure("read", upload.source, cause);
  }
}

async function send(file: FileHandle, { source, destination }: Upload, transfer: Transfer): Promise<Copied> {
  const state = await file.stat();
  const { size } = state;
  const hadBytes = await prepareRemote(transfer.lanes.first(), destination, size);
  const parts = planParts(size, transfer.lanes.limit);
  const missing = await partsToCopy({ file, path: destination, parts, hadBytes }, transfer.lanes.first());
  const isCompressed = missing.length > 0 && (await paysCompression(file, size, transfer));
  const lanes = await transfer.lanes.forParts(missing.length);
  const progress = new Progress(source, bytesOf(missing), transfer);
  await overLanes(lanes, missing, (part, lane) =>
    writeRemotePart(lane, { path: destination, part, isCompressed }, partOf(file, part, progress.add)),
  ).finally(() => {
    progress.end();
  });
  const sha256 = await verify(file, { source, destination }, state, transfer);
  const modifiedSeconds = Math.floor(state.mtimeMs / 1_000);
  await finishRemote(transfer.lanes.first(), destination, { mode: state.mode & PERMISSIONS, modifiedSeconds });
  const keptBytes = size - bytesOf(missing);
  const { seconds } = progress;
  return { source, destination, bytes: size, keptBytes, seconds, sessions: lanes.length, isCompressed, sha256 };
}

/** Reads the part, and tells of each piece. */
function partOf(file: FileHandle, { offset, length }: Part, onBytes: (bytes: number) => void): Readable {
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

/** The digest of both sides; what was written to meanwhile has another one, or another size or time. */
async function verify(
  file: FileHandle,
  { source, destination }: Upload,
  before: Stats,
  transfer: Transfer,
): Promise<string> {
  const [there, here] = await Promise.all([
    digestRemote(transfer.lanes.first(), destination),
    digestPart(file, { offset: 0, length: before.size }),
  ]);
  const after = await file.stat();
  const isSame = after.size === before.size && after.mtimeMs === before.mtimeMs;
  if (!isSame || there.sha256 !== here) throw changed(source);
  return here;
}

async function paysCompression(file: FileHandle, size: number, { compression }: Transfer): Promise<boolean> {
  if (compression !== "auto") return compression === "always";
  const { offset, length } = samplePart(size);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
  return shrinks(buffer.subarray(0, bytesRead));
}
