// A program that runs on an instance: its ending, and how to be rid of it with all it started.
import type { ChildProcess } from "node:child_process";
import type { Clock } from "../../session-manager/clock.ts";

/** How a program ended: by itself, with a status of 0 to 255, or by a signal such as `SIGTERM`. */
export type ProcessEnd = { readonly status: number } | { readonly signal: NodeJS.Signals };

/** What a shell reports for a command that cannot be started. */
export const CANNOT_START: ProcessEnd = { status: 127 };

/** Time between asking a process group to leave (SIGHUP) and making it (SIGKILL). */
const LEAVING_LIMIT_MS = 2_000;

/** Resolves when the program has ended and all it wrote has been handed over; never rejects. */
export function endOf(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once("error", () => {
      resolve(CANNOT_START);
    });
    child.once("close", (status, signal) => {
      resolve(signal === null ? { status: status ?? 255 } : { signal });
    });
  });
}

/** Sends a signal to the program and what it started; the program must lead a process group (`detached`). */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // ended already
  }
}

/** Hangs up on the whole group, and kills what is still there 2 s later. */
export function hangUpGroup(child: ChildProcess, clock: Clock): void {
  signalGroup(child, "SIGHUP");
  const callOff = clock.schedule(LEAVING_LIMIT_MS, () => {
    signalGroup(child, "SIGKILL");
  });
  if (child.exitCode !== null || child.signalCode !== null) callOff();
  else child.once("exit", callOff);
}
