// Runs a command as a person would: a process of its own, with a home and a temporary directory of its own.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export interface CommandOptions {
  /** On top of the person's own, which has no AWS variables. */
  readonly environment?: Readonly<Record<string, string>>;
  /** @default - the person's home */
  readonly workingDirectory?: string;
  /** Goes to standard input, which then ends. */
  readonly input?: string | Buffer;
  /** After that the command and all it started are killed, and the run fails. @default 60_000 */
  readonly timeLimitMs?: number;
}

export interface CommandOutcome {
  /** Undefined if a signal ended it. */
  readonly status: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that is under way. */
export interface RunningCommand {
  readonly child: ChildProcess;
  readonly outcome: Promise<CommandOutcome>;
  /** Resolves when standard error has matched. */
  readonly stderrMatches: (pattern: RegExp) => Promise<void>;
}

const TIME_LIMIT_MS = 60_000;
/** What dies with a command may take a moment to go. */
const SETTLE_MS = 5_000;

/** Somebody at a computer, whose traces can be looked for afterwards. */
export class Person {
  readonly home: string;
  readonly temporaryDirectory: string;
  readonly #directory: string;
  readonly #mark = `JOURNEY=${randomUUID()}`;

  constructor() {
    // Short and without links: paths of unix sockets in it must stay below 104 bytes.
    this.#directory = mkdtempSync(join(realpathSync(tmpdir()), "j-"));
    this.home = join(this.#directory, "home");
    this.temporaryDirectory = join(this.#directory, "tmp");
    mkdirSync(this.home);
    mkdirSync(this.temporaryDirectory);
  }

  /** Starts a command: a path, or a name to be found by PATH. */
  start(command: string, commandArguments: readonly string[], options: CommandOptions = {}): RunningCommand {
    const child = spawn(command, commandArguments, {
      cwd: options.workingDirectory ?? this.home,
      env: { ...this.#environment(), ...options.environment },
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    });
    child.stdin.on("error", () => undefined); // it ended without reading all
    if (options.input !== undefined) child.stdin.end(options.input);
    return { child, ...watch(child, options.timeLimitMs ?? TIME_LIMIT_MS) };
  }

  /** Runs a command to its end, with nothing on its standard input unless given. */
  run(command: string, commandArguments: readonly string[], options: CommandOptions = {}): Promise<CommandOutcome> {
    return this.start(command, commandArguments, { input: "", ...options }).outcome;
  }

  /** What its commands have left: processes, and files in the temporary directory; none, if they behave. */
  async leftovers(): Promise<readonly string[]> {
    const deadline = performance.now() + SETTLE_MS;
    for (;;) {
      const processes = await this.#processes();
      const files = readdirSync(this.temporaryDirectory, { recursive: true }).map(String);
      const found = [...processes, ...files];
      if (found.length === 0 || performance.now() > deadline) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Takes home and temporary directory away. */
  leave(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** Every process inherits the mark, however it was started and whoever its parent is by now. */
  async #processes(): Promise<string[]> {
    const { stdout } = await promisify(execFile)("ps", ["axeww", "-o", "pid=,command="], {
      maxBuffer: 64 * 1024 * 1024,
    });
    const lines = stdout.split("\n").filter((line) => line.includes(this.#mark));
    return lines.map((line) => line.trim().split(" ").slice(0, 4).join(" "));
  }

  #environment(): Record<string, string> {
    const [name = "", value = ""] = this.#mark.split("=");
    const { PATH = "", LANG = "C.UTF-8" } = process.env;
    return {
      PATH,
      LANG,
      HOME: this.home,
      TMPDIR: this.temporaryDirectory,
      USER: "ada",
      LOGNAME: "ada",
      [name]: value,
    };
  }
}

function watch(child: ChildProcess, timeLimitMs: number): Omit<RunningCommand, "child"> {
  const output = { stdout: "", stderr: "" };
  const waiting = new Set<() => void>();
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    output.stderr += text;
    for (const look of waiting) look();
  });
  const outcome = new Promise<CommandOutcome>((resolve, reject) => {
    const timer = setTimeout(() => {
      killGroup(child);
      reject(new Error(`the command was still running after ${timeLimitMs} ms; it had said:\n${output.stderr}`));
    }, timeLimitMs);
    child.once("error", reject);
    child.once("close", (status, signal) => {
      clearTimeout(timer);
      resolve({ status: status ?? undefined, signal: signal ?? undefined, ...output });
    });
  });
  const stderrMatches = (pattern: RegExp): Promise<void> =>
    Promise.race([
      new Promise<void>((resolve) => {
        const look = (): void => {
          if (!pattern.test(output.stderr)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
      outcome.then(({ stderr }) => {
        if (!pattern.test(stderr))
          throw new Error(`the command ended without saying ${String(pattern)}; it said:\n${stderr}`);
      }),
    ]);
  return { outcome, stderrMatches };
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}
