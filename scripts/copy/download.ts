// Copies a file from the bastion to this computer: in parts, over all lanes, written in place, checked by SHA-256.
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { Writable } from "node:stream";
import { PartWriter, digestPart, localFailure, samplePart, shrinks } from "./local-files.ts";
import { type Part, overLanes, planParts } from "./parts.ts";
import { type FileState, type ScriptRunner, digestRemote, readRemotePart } from "./remote-files.ts";
import { bytesOf, partsToCopy } from "./same-parts.ts";
import { type Copied, Progress, type Transfer, changed } from "./transfer.ts";

/** Until it is whole, nobody else need see it. */
const PRIVATE_MODE = 0o600;

export interface Download {
  /** On the bastion. */
  readonly source: string;
  readonly state: FileState;
  /** Here. */
  readonly destination: string;
}

/** @throws UserError for what a person can act on */
export async function downloadFile(download: Download, transfer: Transfer): Promise<Copied> {
  try {
    const file = await open(download.destination, constants.O_RDWR | constants.O_CREAT, PRIVATE_MODE);
    return await fill(file, download, transfer).finally(() => file.close());
  } catch (cause) {
    throw localFailure("write", download.destination, cause);
  }
}

async function fill(file: FileHandle, download: Download, transfer: Transfer): Promise<Copied> {
  const { source, state, destination } = download;
  const { size } = state;
  const { size: hadBytes } = await file.stat();
  await file.truncate(size);
  const parts = planParts(size, transfer.lanes.limit);
  const missing = await partsToCopy({ file, path: source, parts, hadBytes }, transfer.lanes.first());
  const isCompressed = missing.length > 0 && (await paysCompression(source, size, transfer));
  const lanes = await transfer.lanes.forParts(missing.length);
  const progress = new Progress(source, bytesOf(missing), transfer);
  await overLanes(lanes, missing, (part, lane) =>
    readPart({ file, source, part, isCompressed, onBytes: progress.add }, lane),
  ).finally(() => {
    progress.end();
  });
  const sha256 = await verify(file, download, transfer);
  await file.chmod(state.mode);
  await file.utimes(state.modifiedSeconds, state.modifiedSeconds);
  const keptBytes = size - bytesOf(missing);
  const { seconds } = progress;
  return { source, destination, bytes: size, keptBytes, seconds, sessions: lanes.length, isCompressed, sha256 };
}

interface PartDownload {
  readonly file: FileHandle;
  readonly source: string;
  readonly part: Part;
  readonly isCompressed: boolean;
  readonly onBytes: (bytes: number) => void;
}

async function readPart(
  { file, source, part, isCompressed, onBytes }: PartDownload,
  lane: ScriptRunner,
): Promise<void> {
  const writer = new PartWriter(file, part.offset, onBytes);
  await readRemotePart(lane, { path: source, part, isCompressed }, writer);
  if (writer.written !== part.length) throw changed(source);
}

/** The digest of both sides; what was written to meanwhile has another one, or another size or time. */
async function verify(file: FileHandle, { source, state }: Download, { lanes }: Transfer): Promise<string> {
  const [there, here] = await Promise.all([
    digestRemote(lanes.first(), source),
    digestPart(file, { offset: 0, length: state.size }),
  ]);
  const isSame = there.state.size === state.size && there.state.modifiedSeconds === state.modifiedSeconds;
  if (!isSame || there.sha256 !== here) throw changed(source);
  return here;
}

async function paysCompression(path: string, size: number, { compression, lanes }: Transfer): Promise<boolean> {
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
