// Tells one process from a later one with the same pid.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { startMarkOnWindows } from "./windows.ts";

/** Fields of /proc/<pid>/stat after the program's name, which stands in brackets and may hold anything; 22 counts from 1. */
const START_TIME_FIELD = 22;
const FIRST_FIELD_AFTER_NAME = 3;
/** A process that has ended, and that its parent has not asked about yet. */
const ENDED = /^[ZX]/;

/**
 * A mark of when the process began: the same for as long as it lives, another for every later one with its pid.
 *
 * @returns undefined when no such process runs, or the system does not tell
 * @see proc_pid_stat(5), `starttime`; elsewhere `ps -o stat=,lstart=`, to the second
 */
export async function processStartMark(pid: number, platform: NodeJS.Platform): Promise<string | undefined> {
  if (platform === "linux") return startOnLinux(pid);
  if (platform === "win32") return startMarkOnWindows(pid);
  try {
    // A plain program with a list of arguments and no shell; zx would put one in between.
    const { stdout } = await promisify(execFile)("ps", ["-o", "stat=", "-o", "lstart=", "-p", String(pid)], {
      env: { LC_ALL: "C", PATH: "/bin:/usr/bin" },
    });
    const [, state = "", start] = /^(\S+)\s+(.*\S)\s*$/.exec(stdout.trim()) ?? [];
    return ENDED.test(state) ? undefined : start;
  } catch {
    return undefined; // ps ends with 1 when there is no such process
  }
}

async function startOnLinux(pid: number): Promise<string | undefined> {
  const content = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const fields = content
    .slice(content.lastIndexOf(")") + 1)
    .split(" ")
    .slice(1);
  if (ENDED.test(fields[0] ?? "")) return undefined;
  return fields[START_TIME_FIELD - FIRST_FIELD_AFTER_NAME];
}
