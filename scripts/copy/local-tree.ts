// A directory on this computer, read or written.
import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, chmod, lstat, mkdir, mkdtemp, open, readdir, rename, rm, utimes } from "node:fs/promises";
import type { Stats } from "node:fs";
import { dirname } from "node:path";
import type { Readable, Writable } from "node:stream";
import { errorCode } from "../errors/error-code.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";
import { digestPart } from "./local-files.ts";
import { type Entry, type Name, bytesOfName, nameList, shownName } from "./tree-entries.ts";

const PRIVATE_DIRECTORY = 0o700;
const PERMISSIONS = 0o777;

/** The path of what has that name in the directory. */
export function inTree(path: string, name: Name): Buffer {
  return Buffer.concat([Buffer.from(path), bytesOfName(name.slice(1))]);
}

/** What stands in the directory; nothing when there is none. */
export async function listLocalTree(path: string): Promise<Entry[]> {
  const root = await entryAt(path, ".").catch((cause: unknown) => {
    if (errorCode(cause) === "ENOENT") return undefined;
    throw cause;
  });
  return root === undefined ? [] : listBelow(path, root);
}

async function listBelow(path: string, entry: Entry): Promise<Entry[]> {
  if (entry.kind !== "directory") return [entry];
  const names = await readdir(inTree(path, entry.name), { encoding: "buffer" });
  const entries = [entry];
  for (const name of names) {
    entries.push(...(await listBelow(path, await entryAt(path, `${entry.name}/${name.toString("latin1")}`))));
  }
  return entries;
}

async function entryAt(path: string, name: Name): Promise<Entry> {
  const place = inTree(path, name);
  const found = await lstat(place);
  const kind = kindOf(found);
  const need = kind === "directory" ? constants.R_OK | constants.X_OK : constants.R_OK;
  const isReadable =
    (kind !== "file" && kind !== "directory") ||
    (await access(place, need).then(
      () => true,
      () => false,
    ));
  const modifiedSeconds = Math.floor(found.mtimeMs / 1_000);
  const entry = { name, mode: found.mode & PERMISSIONS, size: found.size, modifiedSeconds };
  return { ...entry, kind: isReadable ? kind : "unreadable" };
}

function kindOf(found: Stats): Entry["kind"] {
  if (found.isFile()) return "file";
  if (found.isDirectory()) return "directory";
  return found.isSymbolicLink() ? "link" : "special";
}

/** SHA-256 of the files, in hexadecimal, but for those that cannot be read. */
export async function digestLocalFiles(path: string, names: readonly Name[]): Promise<Map<Name, string>> {
  const digests = new Map<Name, string>();
  for (const name of names) {
    const file = await open(inTree(path, name), constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => undefined);
    if (file === undefined) continue;
    try {
      digests.set(name, await digestPart(file, { offset: 0, length: (await file.stat()).size }));
    } finally {
      await file.close();
    }
  }
  return digests;
}

/** Makes the directory if need be, for the person alone; an earlier run may have left some that cannot be written to. */
export async function openLocalTree(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: PRIVATE_DIRECTORY });
  await letWrite(Buffer.from(path));
}

async function letWrite(directory: Buffer): Promise<void> {
  await chmod(directory, PRIVATE_DIRECTORY);
  for (const name of await readdir(directory, { encoding: "buffer" })) {
    const place = Buffer.concat([directory, Buffer.from("/"), name]);
    if ((await lstat(place)).isDirectory()) await letWrite(place);
  }
}

/** Removes the names, and makes the directories. */
export async function prepareLocalTree(
  path: string,
  { useless, directories }: { readonly useless: readonly Name[]; readonly directories: readonly Name[] },
): Promise<void> {
  for (const name of useless) await rm(inTree(path, name), { recursive: true, force: true });
  for (const name of directories) await mkdir(inTree(path, name), { recursive: true, mode: PRIVATE_DIRECTORY });
}

export async function setLocalStates(path: string, entries: readonly Entry[]): Promise<void> {
  for (const { name, mode, modifiedSeconds } of entries) {
    await chmod(inTree(path, name), mode);
    await utimes(inTree(path, name), modifiedSeconds, modifiedSeconds);
  }
}

/** Puts the directory that is whole where it belongs: it gets that path, or what is in it goes into what has the path. */
export async function placeLocalTree(path: string, destination: string, entries: readonly Entry[]): Promise<void> {
  const isNew = await lstat(destination).then(
    () => false,
    () => true,
  );
  const directories = entries.filter(({ kind }) => kind === "directory");
  if (isNew) await rename(path, destination);
  else {
    for (const { name } of directories) await ensureDirectory(destination, name);
    for (const { name, kind } of entries) if (kind !== "directory") await moveName(name, path, destination);
  }
  await setLocalStates(destination, directories.reverse()); // the inner ones first: a later change would be seen
}

/** A link there is not followed, but for the directory itself: the bastion could have sent it in an earlier copy. */
async function ensureDirectory(destination: string, name: Name): Promise<void> {
  const place = inTree(destination, name);
  if (name === ".") return;
  const found = await lstat(place).catch(() => undefined);
  if (found === undefined) await mkdir(place, { mode: PRIVATE_DIRECTORY });
  else if (!found.isDirectory()) throw inTheWay(destination, name);
}

function inTheWay(destination: string, name: Name): UserError {
  return new UserError(`cannot write ${quoted(destination)}: ${quoted(shownName(name))} in it is no directory`, {
    hint: "move it away, then run the command again",
    exitCode: ExitCode.CannotCreate,
  });
}

/** From one directory into another one, if it is there. */
export async function moveName(name: Name, from: string, to: string): Promise<void> {
  await rename(inTree(from, name), inTree(to, name)).catch((cause: unknown) => {
    if (errorCode(cause) !== "ENOENT") throw cause;
  });
}

/** A program that packs or unpacks. */
export interface Tar {
  readonly input: Writable;
  readonly output: Readable;
  /** What it complained of; empty when all went well. */
  readonly ended: Promise<string>;
}

/** Packs the names of the directory. */
export function packLocal(path: string, names: readonly Name[]): Tar {
  const tar = startTar(["-cf", "-", "-C", path, "--no-recursion", "--null", "-T", "-"]);
  tar.input.end(nameList(names));
  return tar;
}

/** Unpacks into a new directory beside `path`, so that nothing of what it makes is followed; `take` gets that one. */
export async function unpackLocal(
  path: string,
  feed: (tar: Tar) => Promise<void>,
  take: (directory: string) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(`${dirname(path)}/batch-`);
  try {
    const tar = startTar(["-xpof", "-", "-C", directory]);
    tar.output.resume();
    await feed(tar);
    await take(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function startTar(words: readonly string[]): Tar {
  // A group of its own: Ctrl-C is for us, and it ends with its stream.
  const tar = spawn("tar", words, { stdio: ["pipe", "pipe", "pipe"], detached: true });
  let said = "";
  tar.stderr.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
  tar.stdin.on("error", () => undefined); // it has ended, and says why
  const ended = new Promise<string>((resolve, reject) => {
    tar.once("close", (status) => {
      resolve(status === 0 || said !== "" ? said : `tar has ended with status ${status ?? "of a signal"}`);
    });
    tar.once("error", reject);
  });
  ended.catch(() => undefined); // told to whoever waits for it
  return { input: tar.stdin, output: tar.stdout, ended };
}
