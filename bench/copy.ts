// How fast a large file comes down from an agent that waits as the real one does: scp through one session, then copy.ts.
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { timeProgram } from "./measure.ts";
import { type SandboxProcess, startSandbox } from "./sandbox-process.ts";

interface CopyFigures {
  readonly scpMBs: number;
  /** By number of sessions. */
  readonly copyMBs: ReadonlyMap<number, number>;
  readonly directoryMBs: number;
}

interface CopyBench {
  readonly root: string;
  readonly bastion: string;
  readonly osUser: string;
  readonly sizeBytes: number;
  readonly sessions: readonly number[];
}

/** What scp takes through one session is the same for each byte, so a sixteenth of the file tells its rate. */
const SCP_SHARE = 16;
/** A directory of small files, and a large one of the same size as all of them. */
const SMALL_FILES = { count: 512, bytes: 64 * 1024 } as const;
const DIRECTORY_SESSIONS = 8;

/** Rates of downloads of bytes that do not shrink, from a sandbox whose agents pace their output. */
async function copyFigures(bench: CopyBench, { environment }: SandboxProcess): Promise<CopyFigures> {
  const directory = mkdtempSync(join(tmpdir(), "bench-copy-"));
  try {
    const source = join(directory, "source");
    writeFileSync(source, randomBytes(bench.sizeBytes));
    const small = join(directory, "small");
    writeFileSync(small, randomBytes(bench.sizeBytes / SCP_SHARE));
    const destination = join(directory, "copy");
    const rate = (path: string, words: readonly string[]): Promise<number> =>
      downloadRate(path, destination, words, environment);
    const copyWith = (sessions: number, ...flags: readonly string[]): string[] => {
      const words = ["--sessions", String(sessions), ...flags];
      return [join(bench.root, "scripts", "copy.ts"), ...words];
    };
    const there = `${bench.osUser}@${bench.bastion}`;
    const scpMBs = await rate(small, await scpCommand(bench, { directory, source: small, destination }, environment));
    const copyMBs = new Map<number, number>();
    for (const sessions of bench.sessions) {
      copyMBs.set(sessions, await rate(source, [...copyWith(sessions), `${there}:${source}`, destination]));
    }
    const tree = makeDirectory(join(directory, "tree"));
    const treeWords = [...copyWith(DIRECTORY_SESSIONS, "-r"), `${there}:${tree}`, destination];
    return { scpMBs, copyMBs, directoryMBs: await directoryRate(tree, destination, treeWords, environment) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** scp as ssh-config.ts sets it up: its ProxyCommand is proxy.ts, so it goes through one session of the same client. */
async function scpCommand(
  bench: CopyBench,
  paths: { readonly directory: string; readonly source: string; readonly destination: string },
  environment: Record<string, string>,
): Promise<string[]> {
  const config = join(paths.directory, "config");
  const words = ["--os-user", bench.osUser, "--file", config, "--write", "--quiet"];
  const installed = await timeProgram([join(bench.root, "scripts", "ssh-config.ts"), bench.bastion, ...words], {
    env: environment,
  });
  if (installed.status !== 0) throw new Error(`ssh-config.ts failed: ${installed.stderr}`);
  return ["scp", "-q", "-F", config, `${bench.bastion}:${paths.source}`, paths.destination];
}

async function downloadRate(
  source: string,
  destination: string,
  command: readonly string[],
  environment: Record<string, string>,
): Promise<number> {
  const run = await timeProgram(command, { env: environment });
  if (run.status !== 0) throw new Error(`"${command.join(" ")}" failed: ${run.stderr.slice(-500)}`);
  if ((await digestOf(destination)) !== (await digestOf(source))) throw new Error("the copy is not the original");
  const { size } = statSync(source);
  rmSync(destination);
  return size / 1e6 / (run.durationMs / 1_000);
}

function makeDirectory(path: string): string {
  mkdirSync(path);
  const { count, bytes } = SMALL_FILES;
  for (let index = 0; index < count; index++) writeFileSync(join(path, `small ${index}`), randomBytes(bytes));
  writeFileSync(join(path, "large"), randomBytes(count * bytes));
  return path;
}

async function directoryRate(
  source: string,
  destination: string,
  command: readonly string[],
  environment: Record<string, string>,
): Promise<number> {
  const run = await timeProgram(command, { env: environment });
  if (run.status !== 0) throw new Error(`"${command.join(" ")}" failed: ${run.stderr.slice(-500)}`);
  const compared = await timeProgram(["diff", "-r", source, destination], { env: environment });
  if (compared.status !== 0) throw new Error("the copy is not the original");
  return (2 * SMALL_FILES.count * SMALL_FILES.bytes) / 1e6 / (run.durationMs / 1_000);
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** Takes some minutes: the agent that waits for a millisecond after each KiB is the point. */
export async function benchCopy(root: string, say: (line: string) => void): Promise<void> {
  const sandbox = await startSandbox(root, ["--paced"]);
  try {
    const bench = { root, bastion: "sandbox-dev-bastion-host", osUser: "ec2-user", sizeBytes: 256 * 1024 * 1024 };
    const { scpMBs, copyMBs, directoryMBs } = await copyFigures({ ...bench, sessions: [8, 16, 24] }, sandbox);
    say(`scp, one session: ${scpMBs.toFixed(2)} MB/s`);
    for (const [sessions, MBs] of copyMBs) {
      say(`copy.ts, ${sessions} sessions, 256 MiB: ${MBs.toFixed(2)} MB/s, ${(MBs / scpMBs).toFixed(1)} times`);
    }
    const directory = `${SMALL_FILES.count} files of ${SMALL_FILES.bytes / 1024} KiB and one as large as all of them`;
    const times = (directoryMBs / scpMBs).toFixed(1);
    say(`copy.ts -r, ${DIRECTORY_SESSIONS} sessions, ${directory}: ${directoryMBs.toFixed(2)} MB/s, ${times} times`);
  } finally {
    await sandbox.stop();
  }
}
