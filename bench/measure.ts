// Whole processes, timed as a person meets them: from start to end, with what the operating system counted.
import { spawn } from "node:child_process";

/** What one run of a program took. */
export interface Run {
  readonly durationMs: number;
  /** Largest resident size of any one process in it, in MiB, as getrusage(2) counts it. */
  readonly peakMiB: number;
  /** Processor time of all of it, which other programs on the computer disturb less. */
  readonly processorMs: number;
  readonly status: number;
  readonly stderr: string;
}

// Node cannot ask for the resource use of a child that has ended; Python, which the sandbox needs anyway, can.
const COUNT_MEMORY = `
import os, resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
peak = used.ru_maxrss // 1024 if sys.platform == "darwin" else used.ru_maxrss
os.write(3, f"{peak} {used.ru_utime + used.ru_stime}".encode())
sys.exit(status)
`;

const UNCOUNTED = { peakMiB: Number.NaN, processorMs: Number.NaN };

/** Runs a program to its end with nobody in between, who would take time too; its memory is not counted. */
export function timeProgram(command: readonly string[], options: { env: Record<string, string> }): Promise<Run> {
  const [program = "", ...words] = command;
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(program, words, { env: options.env, stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ durationMs: performance.now() - start, status: code ?? -1, stderr, ...UNCOUNTED });
    });
  });
}

/** Runs a program to its end; `stdin` names a file to feed it, and what it prints is thrown away or counted by itself. */
export function runProgram(
  command: readonly string[],
  options: { env: Record<string, string>; stdin?: number },
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn("python3", ["-I", "-S", "-c", COUNT_MEMORY, ...command], {
      env: options.env,
      stdio: [options.stdin ?? "ignore", "ignore", "pipe", "pipe"],
    });
    let stderr = "";
    let counted = "";
    child.stdio[2]?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdio[3]?.on("data", (chunk: Buffer) => (counted += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => {
      const [peakKiB = Number.NaN, processorSeconds = Number.NaN] = counted.split(" ").map(Number);
      const counts = { peakMiB: peakKiB / 1024, processorMs: processorSeconds * 1_000 };
      resolve({ durationMs: performance.now() - start, status: code ?? -1, stderr, ...counts });
    });
  });
}

/** The middle one; of an even count, the mean of the middle two. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * Runs each contestant once a round, in turn, so that a machine that drifts drifts for all of them.
 *
 * @returns the runs of each, in the order of rounds
 * @throws when a run fails: a failed run is no result
 */
export async function alternate(
  contestants: Readonly<Record<string, () => Promise<Run>>>,
  rounds: number,
): Promise<Record<string, Run[]>> {
  const runs: Record<string, Run[]> = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, contest] of Object.entries(contestants)) {
      const run = await contest();
      if (run.status !== 0) throw new Error(`${name} failed with status ${run.status}: ${run.stderr.slice(-500)}`);
      (runs[name] ??= []).push(run);
    }
  }
  return runs;
}
