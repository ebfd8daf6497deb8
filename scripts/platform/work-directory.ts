// A private directory for as long as one command runs: its socket, its ephemeral key, and who it belongs to.
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, rmdirSync, writeFileSync } from "node:fs";
import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../errors/error-code.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";
import { ensurePrivateDirectory } from "./private-directories.ts";
import { processStartMark } from "./process-start.ts";

/** A session that a command has started; kept so that the next start can end it, should this one be killed. */
export interface RecordedSession {
  readonly sessionId: string;
  readonly region: string;
  readonly profile: string | undefined;
}

/** What `sockaddr_un` holds on macOS, its closing zero included; Linux takes four more. */
const SOCKET_PATH_BYTES = 104;

const OWNER_FILE = "owner.json";
const SESSION_FILE = "session.json";
const NOTE_FILE = "note.json";
/** A tunnel that is up for days has had many; those of long ago are over. */
const SESSIONS_KEPT = 32;
const DIRECTORY_NAME = /^(?<pid>\d{1,10})-[0-9a-f]{8}$/;

/** One command's directory. */
export class WorkDirectory {
  readonly path: string;
  readonly #runtime: string;
  #sessions: readonly RecordedSession[] = [];

  /**
   * Makes it under `runtime`, which is made too if need be, and must be this user's own.
   *
   * @throws UserError (73) when that is not so
   */
  constructor(runtime: string, { pid, userId }: { readonly pid: number; readonly userId: number | undefined }) {
    this.#runtime = runtime;
    this.path = join(runtime, `${pid}-${randomBytes(4).toString("hex")}`);
    ensurePrivateDirectory(runtime, userId);
    try {
      mkdirSync(this.path, { mode: 0o700 });
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
      ensurePrivateDirectory(runtime, userId); // another command, the last one, has just taken it away
      mkdirSync(this.path, { mode: 0o700 });
    }
  }

  /** A directory in it. */
  makeDirectory(name: string): string {
    const path = join(this.path, name);
    mkdirSync(path, { mode: 0o700 });
    return path;
  }

  /**
   * Path for a unix socket.
   *
   * @throws UserError (73) when it is longer than the system takes
   */
  get socketPath(): string {
    const path = join(this.path, "s");
    if (Buffer.byteLength(path) < SOCKET_PATH_BYTES) return path;
    throw new UserError(`cannot make socket ${quoted(path)}: the path has more than ${SOCKET_PATH_BYTES - 1} bytes`, {
      hint: "name a directory with a shorter path: XDG_RUNTIME_DIR=/tmp",
      exitCode: ExitCode.CannotCreate,
    });
  }

  /** Lets a later sweep tell this process from another one with its pid. */
  recordOwner(startMark: string | undefined): void {
    this.#write(OWNER_FILE, { startMark });
  }

  recordSession(session: RecordedSession): void {
    this.#sessions = [...this.#sessions, session].slice(-SESSIONS_KEPT);
    this.#write(SESSION_FILE, this.#sessions);
  }

  /** Notes what others may want to know of this command, while it runs: `runningNotes` finds it. */
  note(content: object): void {
    this.#write(NOTE_FILE, content);
  }

  /** Removes it with all that is in it, and the place it stands in, when it is the last one there; may be called again. */
  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
    try {
      rmdirSync(this.#runtime);
    } catch {
      // other commands are running, or it is gone
    }
  }

  #write(name: string, content: object): void {
    writeFileSync(join(this.path, name), JSON.stringify(content), { mode: 0o600 });
  }
}

/**
 * Removes the directories of processes that are gone, killed before they could do it themselves.
 *
 * @returns the sessions they had open
 */
export async function sweepWorkDirectories(runtime: string, platform: NodeJS.Platform): Promise<RecordedSession[]> {
  const names = await readdir(runtime).catch(() => []);
  const sessions: RecordedSession[] = [];
  for (const name of names) {
    const pid = DIRECTORY_NAME.exec(name)?.groups?.["pid"];
    const path = join(runtime, name);
    if (pid === undefined || (await isInUse(path, Number(pid), platform))) continue;
    const recorded = await readJson(join(path, SESSION_FILE));
    await rm(path, { recursive: true, force: true });
    if (Array.isArray(recorded)) sessions.push(...recorded.filter(isRecordedSession));
  }
  return sessions;
}

/** What a running command has noted. */
export interface RunningNote {
  readonly pid: number;
  readonly content: unknown;
}

/** The notes of all commands of this user that run. */
export async function runningNotes(runtime: string, platform: NodeJS.Platform): Promise<RunningNote[]> {
  const notes: RunningNote[] = [];
  for (const name of await readdir(runtime).catch(() => [])) {
    const pid = Number(DIRECTORY_NAME.exec(name)?.groups?.["pid"]);
    const content = await readJson(join(runtime, name, NOTE_FILE));
    if (content !== undefined && (await isInUse(join(runtime, name), pid, platform))) notes.push({ pid, content });
  }
  return notes;
}

async function isInUse(path: string, pid: number, platform: NodeJS.Platform): Promise<boolean> {
  const running = await processStartMark(pid, platform);
  if (running === undefined) return false;
  const recorded = await readJson(join(path, OWNER_FILE));
  // Without a record its process may be about to write it.
  if (typeof recorded !== "object" || recorded === null || !("startMark" in recorded)) return true;
  return recorded.startMark === running;
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as unknown;
  } catch {
    return undefined; // not there, or its writer was killed half-way
  }
}

function isRecordedSession(value: unknown): value is RecordedSession {
  return typeof value === "object" && value !== null && "sessionId" in value && typeof value.sessionId === "string";
}
