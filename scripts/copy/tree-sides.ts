// The two directions in which a directory is copied.
import { constants } from "node:fs";
import { type FileHandle, open, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { Transform, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ExitCode } from "../errors/exit-code.ts";
import { printable, quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";
import { paysCompression as paysDownload, readPart } from "./download.ts";
import { checkRoom, localFailure, noRoom } from "./local-files.ts";
import {
  digestLocalFiles,
  inTree,
  listLocalTree,
  moveName,
  openLocalTree,
  packLocal,
  placeLocalTree,
  prepareLocalTree,
  setLocalStates,
  unpackLocal,
} from "./local-tree.ts";
import { partialPath } from "./partial.ts";
import { LaneLostError, type ScriptRunner, tellsFullDisk, writeRemotePart } from "./remote-files.ts";
import {
  digestRemoteFiles,
  listRemoteTree,
  openRemoteTree,
  placeRemoteTree,
  prepareRemoteTree,
  readRemoteBatch,
  setRemoteStates,
  writeRemoteBatch,
} from "./remote-tree.ts";
import { partsToCopy } from "./same-parts.ts";
import { type Copied, type Transfer, changed } from "./transfer.ts";
import { type Tree, type TreeCopy, type TreeSides, copyTree, pathOf } from "./tree.ts";
import type { Entry, Name, Piece } from "./tree-entries.ts";
import { partOf, paysCompression as paysUpload } from "./upload.ts";

const PRIVATE_MODE = 0o600;

/** @throws UserError for what a person can act on */
export async function downloadTree(given: TreeCopy, transfer: Transfer): Promise<Copied> {
  const destination = await realpath(given.destination).catch(() => given.destination);
  const copy = { ...given, destination };
  try {
    return await copyTree(copy, downloadSides(copy, transfer), transfer);
  } catch (cause) {
    throw localFailure("write", destination, cause);
  }
}

/** @throws UserError for what a person can act on */
export async function uploadTree(copy: TreeCopy, transfer: Transfer): Promise<Copied> {
  try {
    return await copyTree(copy, uploadSides(copy, transfer), transfer);
  } catch (cause) {
    throw localFailure("read", copy.source, cause);
  }
}

function downloadSides({ source, destination }: TreeCopy, transfer: Transfer): TreeSides {
  const partial = partialPath(destination);
  const staged = join(partial, "tree"); // what is unpacked stands beside it
  const pays = once((entry) => paysDownload(pathOf(source, entry.name), entry.size, transfer));
  const onFile = <Result>(entry: Entry, work: (file: FileHandle) => Promise<Result>): Promise<Result> =>
    withFile(inTree(staged, entry.name), constants.O_RDWR | constants.O_CREAT, work);
  return {
    source: remoteTree(source, transfer),
    standing: localTree(destination),
    staged: localTree(staged),
    open: () => openLocalTree(staged),
    async prepare(toBe) {
      await prepareLocalTree(staged, toBe);
      await checkRoom(staged, toBe.bytes);
    },
    missingParts: (entry, parts, hadBytes) =>
      onFile(entry, (file) =>
        partsToCopy({ file, path: pathOf(source, entry.name), parts, hadBytes }, transfer.lanes.first()),
      ),
    async carry(piece, lane, onBytes) {
      if (piece.kind === "batch") return downloadBatch({ piece, source, staged, transfer, onBytes }, lane);
      const { entry, part } = piece;
      const isCompressed = await pays(entry);
      const path = pathOf(source, entry.name);
      await onFile(entry, (file) => readPart({ file, source: path, part, isCompressed, onBytes }, lane));
    },
    setStates: (entries) => setLocalStates(staged, entries),
    async place(entries) {
      await placeLocalTree(staged, destination, entries);
      await rm(partial, { recursive: true, force: true });
    },
  };
}

function uploadSides({ source, destination }: TreeCopy, transfer: Transfer): TreeSides {
  const staged = partialPath(destination);
  const { lanes, compression } = transfer;
  const onFile = <Result>(entry: Entry, work: (file: FileHandle) => Promise<Result>): Promise<Result> =>
    withFile(inTree(source, entry.name), constants.O_RDONLY, work);
  const pays = once((entry) => onFile(entry, (file) => paysUpload(file, entry.size, { compression })));
  return {
    source: localTree(source),
    standing: remoteTree(destination, transfer),
    staged: remoteTree(staged, transfer),
    open: () => openRemoteTree(lanes.first(), staged),
    prepare: (toBe) => prepareRemoteTree(lanes.first(), staged, toBe),
    missingParts: (entry, parts, hadBytes) =>
      onFile(entry, (file) => partsToCopy({ file, path: pathOf(staged, entry.name), parts, hadBytes }, lanes.first())),
    async carry(piece, lane, onBytes) {
      if (piece.kind === "batch") return uploadBatch({ piece, source, staged, transfer, onBytes }, lane);
      const { entry, part } = piece;
      const request = { path: pathOf(staged, entry.name), part, isCompressed: await pays(entry) };
      await onFile(entry, (file) => writeRemotePart(lane, request, partOf(file, part, onBytes)));
    },
    setStates: (entries) => setRemoteStates(lanes.first(), staged, entries),
    async place(entries) {
      // The inner ones first: a later change in one would be seen as its time.
      const directories = entries.filter(({ kind }) => kind === "directory").reverse();
      await setRemoteStates(lanes.first(), staged, directories);
      await placeRemoteTree(lanes.first(), staged, destination);
    },
  };
}

function localTree(path: string): Tree {
  return { list: () => listLocalTree(path), digests: (names) => digestLocalFiles(path, names) };
}

function remoteTree(path: string, { lanes }: Pick<Transfer, "lanes">): Tree {
  return {
    list: () => listRemoteTree(lanes.first(), path),
    digests: (names) => digestRemoteFiles(lanes.first(), path, names),
  };
}

interface BatchCarriage {
  readonly piece: Extract<Piece, { kind: "batch" }>;
  readonly source: string;
  readonly staged: string;
  readonly transfer: Transfer;
  readonly onBytes: (bytes: number) => void;
}

async function downloadBatch(
  { piece, source, staged, transfer, onBytes }: BatchCarriage,
  lane: ScriptRunner,
): Promise<void> {
  const names = piece.entries.map(({ name }) => name);
  const batch = { path: source, names, isCompressed: transfer.compression !== "never" };
  await unpackLocal(
    staged,
    async (tar) => {
      const counter = counting(onBytes, tar.input);
      const [read, said] = await Promise.all([outcome(readRemoteBatch(lane, batch, counter)), tar.ended]);
      if (tellsFullDisk(said)) throw noRoom(staged, "it is full");
      if (read !== undefined) throw read;
      if (said !== "") throw tarFailed("unpack", source, said);
    },
    async (directory) => {
      for (const name of names) await moveName(name, directory, staged);
    },
  );
}

async function uploadBatch(
  { piece, source, staged, transfer, onBytes }: BatchCarriage,
  lane: ScriptRunner,
): Promise<void> {
  const names: readonly Name[] = piece.entries.map(({ name }) => name);
  const tar = packLocal(source, names);
  const counter = counting(onBytes);
  const packing = outcome(pipeline(tar.output, counter));
  const batch = { path: staged, isCompressed: transfer.compression !== "never" };
  const [written, said] = await Promise.all([outcome(writeRemoteBatch(lane, batch, counter)), tar.ended, packing]);
  if (written instanceof LaneLostError || (written !== undefined && said === "")) throw written;
  if (/No such file|changed as we read|removed before we read|shrank/.test(said)) throw changed(source);
  if (said !== "" && written === undefined) throw tarFailed("pack", source, said);
  if (written !== undefined) throw written;
}

/** Undefined when all went well, else the error: what another one said may tell more. */
function outcome(work: Promise<unknown>): Promise<Error | undefined> {
  return work.then(
    () => undefined,
    (error: unknown) => error as Error,
  );
}

/** Counts what passes, on its way into `sink` if there is one. */
function counting(onBytes: (bytes: number) => void, sink?: Writable): Transform {
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      onBytes(chunk.length);
      callback(null, chunk);
    },
  });
  if (sink !== undefined) {
    counter.pipe(sink);
    counter.once("close", () => sink.end());
    sink.once("close", () => counter.resume()); // tar reads no further than the archive's end, or has failed
  }
  return counter;
}

function tarFailed(doing: string, path: string, said: string): UserError {
  return new UserError(`cannot ${doing} some of ${quoted(path)}: ${printable(said.trim().split("\n")[0] ?? "")}`, {
    hint: "mend that, then run the command again: what has been copied is kept",
    exitCode: ExitCode.CannotCreate,
  });
}

async function withFile<Result>(
  path: Buffer,
  flags: number,
  work: (file: FileHandle) => Promise<Result>,
): Promise<Result> {
  const file = await open(path, flags | constants.O_NOFOLLOW, PRIVATE_MODE);
  return work(file).finally(() => file.close());
}

/** Asks once for each file, whoever comes first. */
function once(ask: (entry: Entry) => Promise<boolean>): (entry: Entry) => Promise<boolean> {
  const answers = new Map<Name, Promise<boolean>>();
  return (entry) => {
    const answer = answers.get(entry.name) ?? ask(entry);
    answers.set(entry.name, answer);
    return answer;
  };
}
