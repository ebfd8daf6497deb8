// A directory on the bastion, read or written: each call is one script on one lane.
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { quoted } from "../errors/printable.ts";
import { type ScriptRunner, argument, missingBytes, noSpace, settle, text } from "./remote-files.ts";
import {
  CLEAR_TREE,
  DIGEST_FILES,
  LIST_TREE,
  MAKE_DIRECTORIES,
  PLACE_TREE,
  READ_BATCH,
  READ_BATCH_COMPRESSED,
  SET_STATES,
  WRITE_BATCH,
  WRITE_BATCH_COMPRESSED,
} from "./remote-scripts.ts";
import { type Entry, type Name, bytesOfName, nameList, readDigests, readListing } from "./tree-entries.ts";

/** What stands in the directory; nothing when there is none. */
export async function listRemoteTree(lane: ScriptRunner, path: string): Promise<Entry[]> {
  const doing = `read ${quoted(path)}`;
  return readListing(await text(lane, { script: LIST_TREE, words: [argument(path)], doing, encoding: "latin1" }));
}

/** SHA-256 of the files, in hexadecimal, but for those that cannot be read. */
export async function digestRemoteFiles(
  lane: ScriptRunner,
  path: string,
  names: readonly Name[],
): Promise<Map<Name, string>> {
  if (names.length === 0) return new Map();
  const run = { script: DIGEST_FILES, words: [argument(path)], doing: `read ${quoted(path)}`, input: nameList(names) };
  return readDigests(await text(lane, { ...run, encoding: "latin1" }));
}

export interface TreeBatch {
  readonly path: string;
  readonly names: readonly Name[];
  readonly isCompressed: boolean;
}

/** Reads the files and links as a tar stream, into `sink`. */
export async function readRemoteBatch(
  lane: ScriptRunner,
  { path, names, isCompressed }: TreeBatch,
  sink: Writable,
): Promise<void> {
  const run = lane.run(isCompressed ? READ_BATCH_COMPRESSED : READ_BATCH, [argument(path)]);
  run.input.end(nameList(names));
  const carried = isCompressed ? pipeline(run.output, createGunzip(), sink) : pipeline(run.output, sink);
  await settle(lane, run.ended, carried, `read ${quoted(path)}`);
}

/** Unpacks a tar stream. */
export async function writeRemoteBatch(
  lane: ScriptRunner,
  { path, isCompressed }: Omit<TreeBatch, "names">,
  source: Readable,
): Promise<void> {
  const run = lane.run(isCompressed ? WRITE_BATCH_COMPRESSED : WRITE_BATCH, [argument(path)]);
  run.output.resume();
  const carried = isCompressed ? pipeline(source, createGzip({ level: 1 }), run.input) : pipeline(source, run.input);
  await settle(lane, run.ended, carried, `write ${quoted(path)}`);
}

/** Makes the directory if need be, for the person alone; an earlier run may have left some that cannot be written to. */
export async function openRemoteTree(lane: ScriptRunner, path: string): Promise<void> {
  await text(lane, { script: CLEAR_TREE, words: [argument(path)], doing: `write ${quoted(path)}` });
}

export interface TreeToBe {
  /** Names that a run before has left, and that are of no use. */
  readonly useless: readonly Name[];
  readonly directories: readonly Name[];
  /** What is still to be written. */
  readonly bytes: number;
}

/**
 * Removes the names, and makes the directories.
 *
 * @throws UserError (73) when what is to come does not fit on the instance's disk
 */
export async function prepareRemoteTree(
  lane: ScriptRunner,
  path: string,
  { useless, directories, bytes }: TreeToBe,
): Promise<void> {
  const [words, doing] = [[argument(path)], `write ${quoted(path)}`];
  await text(lane, { script: CLEAR_TREE, words, doing, input: nameList(useless) });
  const free = Number(await text(lane, { script: MAKE_DIRECTORIES, words, doing, input: nameList(directories) }));
  if (bytes > free * 1024) throw noSpace(doing, missingBytes(bytes - free * 1024));
}

/** Gives files and directories their modes and times. */
export async function setRemoteStates(lane: ScriptRunner, path: string, entries: readonly Entry[]): Promise<void> {
  if (entries.length === 0) return;
  const words = entries.flatMap(({ mode, modifiedSeconds, name }) => [mode.toString(8), String(modifiedSeconds), name]);
  const run = { script: SET_STATES, words: [argument(path)], doing: `write ${quoted(path)}` };
  await text(lane, { ...run, input: bytesOfName(words.map((word) => `${word}\0`).join("")) });
}

/** Puts the directory that is whole where it belongs: it gets that path, or what is in it goes into what has the path. */
export async function placeRemoteTree(lane: ScriptRunner, path: string, destination: string): Promise<void> {
  const words = [argument(path), argument(destination)];
  await text(lane, { script: PLACE_TREE, words, doing: `write ${quoted(destination)}` });
}
