// Copies between this computer and a bastion, one source after the other, each over all sessions.
import { stat } from "node:fs/promises";
import { basename, join, posix, resolve } from "node:path";
import { findBastion } from "../bastion/find-bastion.ts";
import { defaultOsUser } from "../bastion/os-user.ts";
import { claimAndSweep, makeWorkDirectory } from "../bastion/private-work.ts";
import type { CommandContext } from "../command/command-context.ts";
import { untilAborted } from "../command/until-aborted.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";
import { type KeyPair, ephemeralKeyPair, namedKeyPair } from "../ssh/key-pair.ts";
import type { WorkDirectory } from "../platform/work-directory.ts";
import type { CopyArguments } from "./copy-arguments.ts";
import { downloadFile } from "./download.ts";
import { localFailure } from "./local-files.ts";
import { type FileState, LaneLostError, statRemote } from "./remote-files.ts";
import { SessionLanes } from "./session-lanes.ts";
import { type Copied, type Transfer, mebibytes } from "./transfer.ts";
import { downloadTree, uploadTree } from "./tree-sides.ts";
import { uploadFile } from "./upload.ts";

/**
 * Copies; resolves with 0 when all is there and checked.
 *
 * @throws UserError for what a person can act on, or the signal's reason
 */
export async function runCopy(given: CopyArguments, context: CommandContext): Promise<number> {
  if (context.process.platform === "win32") throw notOnWindows();
  const work = makeWorkDirectory(context);
  const sweeping = claimAndSweep(work, context);
  try {
    context.aws.prepareSession();
    const instance = await untilAborted(findBastion(given.target, context), context.signal);
    const osUser = given.target.osUser ?? defaultOsUser(context.settings);
    const keyPair = keyPairOf(given, work, context);
    const lanes = new SessionLanes({ ...given, instance, osUser, keyPair, work }, context);
    try {
      await untilAborted(copyOver(lanes, given, context), context.signal);
      return ExitCode.Success;
    } finally {
      await lanes.close();
    }
  } catch (error) {
    throw error instanceof LaneLostError ? sessionsLost(error) : error;
  } finally {
    work.remove();
    await sweeping;
  }
}

/** Windows' ssh cannot share a connection, and each part of a file would need a login of its own. */
function notOnWindows(): UserError {
  return new UserError("cannot copy on Windows: its ssh lacks ControlMaster", {
    hint: "use sftp, or scp after ssh-config --write; in WSL copy works",
    exitCode: ExitCode.Unavailable,
  });
}

function keyPairOf({ keyName }: CopyArguments, work: WorkDirectory, context: CommandContext): KeyPair {
  if (keyName === undefined) return ephemeralKeyPair(work.path);
  return namedKeyPair(resolve(context.workingDirectory, keyName), context.process.userId);
}

async function copyOver(lanes: SessionLanes, given: CopyArguments, context: CommandContext): Promise<void> {
  await lanes.begin();
  const transfer = { ...context, lanes, compression: given.compression };
  const copyOne = given.direction === "download" ? download : upload;
  for (const source of given.sources) {
    const copied = await copyOne(source, given, { transfer, workingDirectory: context.workingDirectory });
    context.reporter.say(story(copied));
    if (given.isJson) context.standardStreams.output.write(`${JSON.stringify(copied)}\n`);
  }
}

interface Place {
  readonly transfer: Transfer;
  readonly workingDirectory: string;
}

async function download(source: string, given: CopyArguments, { transfer, workingDirectory }: Place): Promise<Copied> {
  const state = await statRemote(transfer.lanes.first(), source);
  if (state === undefined) throw notFound(`${quoted(source)} on the bastion`);
  const wanted = resolve(workingDirectory, given.destination);
  const isDirectory = (await kindHere(wanted)) === "directory";
  checkManyInto(given, isDirectory);
  const destination = isDirectory ? join(wanted, nameIn(source)) : wanted;
  if (state.kind === "other") throw notAFile(source);
  if (state.kind === "directory") checkRecursive(source, given);
  checkReplaceable(destination, state.kind, await kindHere(destination));
  if (state.kind === "file") return downloadFile({ source, state, destination }, transfer);
  return downloadTree({ source, destination }, transfer);
}

/** What has that path on this computer; undefined when nothing has. */
async function kindHere(path: string): Promise<FileState["kind"] | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  if (found.isDirectory()) return "directory";
  return found.isFile() ? "file" : "other";
}

async function upload(name: string, given: CopyArguments, { transfer, workingDirectory }: Place): Promise<Copied> {
  const source = resolve(workingDirectory, name);
  const found = await stat(source).catch((cause: unknown) => {
    throw localFailure("read", name, cause);
  });
  const wanted = await statRemote(transfer.lanes.first(), given.destination);
  const isDirectory = wanted?.kind === "directory";
  checkManyInto(given, isDirectory);
  if (!found.isFile() && !found.isDirectory()) throw notAFile(name);
  if (found.isDirectory()) checkRecursive(name, given);
  const destination = isDirectory ? posix.join(given.destination, basename(source)) : given.destination;
  const there = isDirectory ? await statRemote(transfer.lanes.first(), destination) : wanted;
  checkReplaceable(destination, found.isFile() ? "file" : "directory", there?.kind);
  if (found.isFile()) return uploadFile({ source, destination, there }, transfer);
  return uploadTree({ source, destination }, transfer);
}

/** A file takes the place of a file only, and what is in a directory goes into a directory only. */
function checkReplaceable(path: string, kind: FileState["kind"], there: FileState["kind"] | undefined): void {
  if (there === undefined || there === kind) return;
  const what = { file: "a file", directory: "a directory", other: "neither a file nor a directory" };
  throw new UserError(`cannot write ${quoted(path)}: what is there is ${what[there]}`, {
    hint: "name another destination, or move that away",
    exitCode: ExitCode.CannotCreate,
  });
}

/** The last name of a path on the bastion; its home and root have none that could be made here. */
function nameIn(path: string): string {
  const name = posix.basename(path);
  return name === ".." ? "." : name;
}

function checkRecursive(source: string, { isRecursive }: CopyArguments): void {
  if (isRecursive) return;
  throw new UserError(`cannot copy ${quoted(source)}: it is a directory`, {
    hint: "copy it with all that is in it: -r",
    exitCode: ExitCode.Usage,
  });
}

function checkManyInto({ sources, destination }: CopyArguments, isDirectory: boolean): void {
  if (sources.length === 1 || isDirectory) return;
  throw new UserError(`cannot copy ${sources.length} files to ${quoted(destination)}: it is no directory`, {
    hint: "make the directory first, or copy them one by one",
    exitCode: ExitCode.Usage,
  });
}

function notFound(what: string): UserError {
  return new UserError(`cannot copy: there is no ${what}`, {
    hint: "a relative path begins in the home directory; names are taken as they are, without * and ?",
    exitCode: ExitCode.NotFound,
  });
}

function notAFile(path: string): UserError {
  return new UserError(`cannot copy ${quoted(path)}: it is neither a file nor a directory`, {
    hint: "pipe it: connect.ts NAME -- cat PATH > FILE",
    exitCode: ExitCode.Usage,
  });
}

function sessionsLost(cause: LaneLostError): UserError {
  return new UserError("cannot copy: all sessions to the bastion have ended", {
    hint: "run the command again: what has been copied is kept",
    exitCode: ExitCode.TryAgain,
    cause,
  });
}

function story({ source, bytes, keptBytes, seconds, sessions, isCompressed }: Copied): string {
  const travelled = bytes - keptBytes;
  const rate = (travelled / Math.max(seconds, 0.001) / 1e6).toFixed(1);
  const kept = keptBytes > 0 ? `, ${mebibytes(keptBytes)} were there already` : "";
  const way = `${sessions} ${sessions === 1 ? "session" : "sessions"}${isCompressed ? ", compressed" : ""}`;
  return `copied ${quoted(source)}: ${mebibytes(bytes)} in ${seconds.toFixed(1)} s, ${rate} MB/s over ${way}${kept}`;
}
