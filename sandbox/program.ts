// Runs a long program of somebody else's (pip, cdktf) to its end, keeps what it says in a log, and ends it with us.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, openSync, closeSync, readFileSync, createWriteStream } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { ExitCode } from "../scripts/errors/exit-code.ts";
import { UserError } from "../scripts/errors/user-error.ts";
import type { Clock } from "../session-manager/clock.ts";

export interface ProgramOptions {
  readonly program: string;
  readonly programArguments: readonly string[];
  readonly workingDirectory: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Begun anew for each run; readable by its owner only. */
  readonly logPath: string;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Gets each line that the program writes, without its end. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Told the leader of the program's process group, which is the program. */
  readonly onGroup?: ((leader: number) => void) | undefined;
}

/** Lines of the log that an error shows. */
const TAIL_LINES = 20;
/** Time between asking a program to stop (SIGINT) and making it (SIGKILL); Terraform first writes its state. */
const STOPPING_LIMIT_MS = 10_000;

/**
 * Resolves when the program has ended with status 0.
 *
 * @throws UserError with the end of the log if it ended otherwise or could not be started; what `signal.reason` holds
 *   if it was called off, after the program has gone
 */
export async function runProgram(options: ProgramOptions): Promise<void> {
  options.signal?.throwIfAborted();
  const status = await runLogged(options);
  options.signal?.throwIfAborted();
  if (status === 0) return;
  const met = typeof status === "number" ? `status ${status}` : status;
  throw new UserError(`cannot run "${options.program} ${options.programArguments[0] ?? ""}": it ended with ${met}`, {
    hint: `${logTail(options.logPath)}\nthe whole of it is in ${options.logPath}`,
    exitCode: ExitCode.Unavailable,
  });
}

/** The last lines of a log file; empty if there is none. */
export function logTail(path: string): string {
  try {
    return readFileSync(path, "utf8").trimEnd().split("\n").slice(-TAIL_LINES).join("\n");
  } catch {
    return "";
  }
}

/** A log file's descriptor, for a child to write to: private, empty, its folder made. */
export function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  return openSync(path, "w", 0o600);
}

/** Status, signal, or the reason why it did not start. */
async function runLogged(options: ProgramOptions): Promise<number | string> {
  closeSync(openLog(options.logPath));
  const log = createWriteStream(options.logPath, { flags: "a" });
  const child = spawn(options.program, options.programArguments, {
    cwd: options.workingDirectory,
    env: options.environment,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // a group of its own, so that what it starts goes with it
  });
  if (child.pid !== undefined) options.onGroup?.(child.pid);
  for (const output of [child.stdout, child.stderr]) {
    output.pipe(log, { end: false });
    createInterface({ input: output }).on("line", (line) => options.onLine?.(line));
  }
  const stop = (): void => {
    stopGroup(child, options.clock);
  };
  options.signal?.addEventListener("abort", stop, { once: true });
  try {
    return await ending(child);
  } finally {
    options.signal?.removeEventListener("abort", stop);
    await new Promise<void>((resolve) => log.end(resolve)); // an error shows the end of the log
  }
}

function ending(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) => {
    child.once("error", (error) => {
      resolve(error.message);
    });
    child.once("close", (status, signal) => {
      resolve(status ?? signal ?? "no status");
    });
  });
}

function stopGroup(child: ChildProcess, clock: Clock): void {
  signalGroup(child, "SIGINT");
  const callOff = clock.schedule(STOPPING_LIMIT_MS, () => {
    signalGroup(child, "SIGKILL");
  });
  child.once("close", callOff);
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // It has ended by itself.
  }
}
