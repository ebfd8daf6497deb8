// How long synthesis takes, and how much memory, for more and more bastions: it is to grow as their number does.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Run, alternate, median, runProgram } from "./measure.ts";

const COUNTS: readonly number[] = [1, 10, 100, 1_000];

/** A network with room for all of them. */
const SETTINGS = {
  tag_application: "bench",
  aws_region: "eu-central-1",
  vpc_cidr: "10.0.0.0/16",
  vpc_private_subnets: ["10.0.0.0/20"],
};

/** Each bastion is a construct of its own; the whole program is measured, from the start of Node to its end. */
export async function benchSynth(root: string, rounds: number, say: (line: string) => void): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "bench-synth-"));
  try {
    const contestants = Object.fromEntries(
      COUNTS.map((count) => [String(count), () => synthesize(count, root, directory)]),
    );
    await contestants["1"]?.(); // makes the bundle
    const runs = await alternate(contestants, rounds);
    for (const count of COUNTS) {
      const own = runs[String(count)] ?? [];
      const seconds = (of: (run: Run) => number): string => (median(own.map(of)) / 1_000).toFixed(2);
      const [duration, processor] = [seconds((run) => run.durationMs), seconds((run) => run.processorMs)];
      const peakMiB = Math.max(...own.map((run) => run.peakMiB)).toFixed(0);
      say(`synth: ${count} bastions in ${duration} s, processor ${processor} s, peak ${peakMiB} MiB (${rounds} runs)`);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function synthesize(count: number, root: string, directory: string): Promise<Run> {
  const project = join(directory, String(count));
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, "dev.tfvars.json"), JSON.stringify({ ...SETTINGS, bastion_count: count }));
  // As cdktf.json starts the bastion's program.
  const node = [process.execPath, "--disable-warning=DEP0044", join(root, "scripts", "launcher.mjs")];
  const env = { PATH: process.env["PATH"] ?? "", CDKTF_OUTDIR: join(project, "cdktf.out") };
  return runProgram([...node, join(root, "bench", "synth-program.ts"), project], { env });
}
