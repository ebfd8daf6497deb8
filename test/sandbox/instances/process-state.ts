// Whether a process runs: one that has ended, and that nobody has asked about yet, does not.
import { spawnSync } from "node:child_process";

/** False for a zombie too: where process 1 is slow to ask, an orphan stays one for seconds. */
export function isRunning(pid: number): boolean {
  const state = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim();
  return state !== "" && !state.startsWith("Z");
}
