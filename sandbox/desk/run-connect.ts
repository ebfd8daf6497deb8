// Runs the ordinary connect.ts, as a person would from another terminal.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";

export interface ConnectRun {
  /** The checkout. */
  readonly project: string;
  /** Name tag, or user@ and the Name tag. */
  readonly bastion: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What follows the bastion's name on the command line. */
  readonly words: readonly string[];
  readonly signal: AbortSignal;
}

/** Its exit status; 128 + the signal's number when a signal ended it. The terminal is its own while it runs. */
export function runConnect({ project, bastion, environment, words, signal }: ConnectRun): Promise<number> {
  return new Promise((resolve, reject) => {
    // The person's own terminal must reach it, with no shell in between.
    const child = spawn(join(project, "scripts", "connect.ts"), [bastion, ...words], {
      env: environment,
      stdio: "inherit",
    });
    const stop = (): void => void child.kill("SIGTERM");
    signal.addEventListener("abort", stop, { once: true });
    child.once("error", reject);
    child.once("close", (status, ending) => {
      signal.removeEventListener("abort", stop);
      resolve(status ?? 128 + (ending === null ? 0 : constants.signals[ending]));
    });
  });
}
