// moto's server as a child of the sandbox: started on a free port, stopped with us, its log in our directory.
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { ExitCode } from "../../scripts/errors/exit-code.ts";
import { UserError } from "../../scripts/errors/user-error.ts";
import type { Clock } from "../../session-manager/clock.ts";
import { logTail, openLog } from "../program.ts";

export interface MotoServerOptions {
  /** Path of a Python that can import moto. */
  readonly python: string;
  /** Path of serve.py. */
  readonly program: string;
  /** The sandbox's directory, which gets the log. */
  readonly directory: string;
  /** The region whose data is loaded ahead. */
  readonly region: string;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** Where moto listens, and what each request to it must carry. */
export interface MotoAddress {
  /** E.g. `http://127.0.0.1:40123`. */
  readonly url: string;
  /** Value of the header `x-sandbox-secret`. */
  readonly secret: string;
}

export interface MotoServer extends MotoAddress {
  readonly processId: number;
  /** Resolves when the process has ended, however it did. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

export const SECRET_HEADER = "x-sandbox-secret";

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 5_000;
const MOTO_OPTIONS = { MOTO_IAM_LOAD_MANAGED_POLICIES: "true" };
/** All that moto may know of our environment: AWS_PROFILE alone would keep it from starting. */
const INHERITED = ["PATH", "HOME", "TMPDIR", "LANG", "LC_ALL"];

type Child = ChildProcessByStdio<Writable, Readable, null>;

/**
 * Resolves when moto answers.
 *
 * @throws UserError with the end of its log if it does not
 */
export async function startMotoServer(options: MotoServerOptions): Promise<MotoServer> {
  options.signal?.throwIfAborted();
  const logPath = join(options.directory, "moto.log");
  const child = spawnServer(options, logPath);
  const ended = once(child, "close").then(
    () => undefined,
    () => undefined,
  );
  const close = (): Promise<void> => stop(child, ended, options.clock);
  const secret = randomBytes(32).toString("hex");
  child.stdin.on("error", () => undefined); // it ended first; the log says why
  child.stdin.write(`${JSON.stringify({ secret, region: options.region })}\n`);
  try {
    const port = await firstLine(child, ended, options);
    if (port === undefined || child.pid === undefined) throw cannotStart(logPath);
    return { url: `http://127.0.0.1:${port}`, secret, processId: child.pid, ended, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function spawnServer({ python, program }: MotoServerOptions, logPath: string): Child {
  const log = openLog(logPath);
  const inherited = Object.entries(process.env).filter(([name]) => INHERITED.includes(name));
  // -E -s: nothing from PYTHON* or the user's own packages; -B: no cache files in the project.
  const child = spawn(python, ["-B", "-E", "-s", program], {
    env: { ...Object.fromEntries(inherited), ...MOTO_OPTIONS },
    stdio: ["pipe", "pipe", log],
    detached: true, // Ctrl-C in the terminal is for us: we stop it when what needs it has ended
  });
  closeSync(log);
  return child as Child; // the types do not know a descriptor in place of the log
}

/** The port that the server announces; undefined if it ended or said nothing in time. */
async function firstLine(child: Child, ended: Promise<void>, options: MotoServerOptions): Promise<number | undefined> {
  const lines = createInterface({ input: child.stdout });
  const overdue = new AbortController();
  const callOff = options.clock.schedule(START_LIMIT_MS, () => {
    overdue.abort();
  });
  const signal = AbortSignal.any([overdue.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  try {
    const announced = once(lines, "line", { signal }).then(([line]) => String(line));
    const line = await Promise.race([announced, ended.then(() => undefined)]);
    return line === undefined ? undefined : (JSON.parse(line) as { port: number }).port;
  } catch (error) {
    options.signal?.throwIfAborted();
    if (overdue.signal.aborted) return undefined;
    throw error;
  } finally {
    callOff();
    lines.close();
  }
}

function cannotStart(logPath: string): UserError {
  return new UserError(`cannot start moto: it ended, or did not answer within ${START_LIMIT_MS / 1_000} s`, {
    hint: `${logTail(logPath)}\nits log is ${logPath}`,
    exitCode: ExitCode.Unavailable,
  });
}

/** Closing its standard input is enough; the signal is for a server that no longer looks. */
async function stop(child: Child, ended: Promise<void>, clock: Clock): Promise<void> {
  child.stdin.destroy();
  const callOff = clock.schedule(STOP_LIMIT_MS, () => {
    child.kill("SIGKILL");
  });
  await ended;
  callOff();
}
