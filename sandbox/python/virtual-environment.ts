// A Python virtual environment that holds one program: made once for each list of requirements, whole or not at all.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Clock } from "../../session-manager/clock.ts";
import { runProgram } from "../program.ts";

export interface VirtualEnvironmentOptions {
  /** The package that it is for, e.g. `moto`. */
  readonly name: string;
  /** Where it is made; exists. */
  readonly directory: string;
  /** A requirements.txt in which every package is pinned. */
  readonly requirementsPath: string;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Told before a part that takes long. */
  readonly onProgress?: ((detail: string) => void) | undefined;
}

const DRAFT = /-draft-(\d+)$/;
const PIP = ["-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--no-deps", "--progress-bar", "off"];

/**
 * Path of a Python that can import the package; the second time it is there already.
 *
 * The environment is made beside its place and moved there when it is complete, so an installation that was cut short
 * is never taken for a whole one. Its name tells requirements and Python apart, so a change of either makes another.
 *
 * @throws UserError with the end of pip's output
 */
export async function provideVirtualEnvironment(options: VirtualEnvironmentOptions): Promise<string> {
  const { directory, name } = options;
  const place = join(directory, `${name}-${await fingerprint(options)}`);
  if (!existsSync(place)) {
    sweepDrafts(directory);
    const draft = join(directory, `${name}-draft-${process.pid}`);
    await install(draft, options);
    moveWhole(draft, place);
  }
  return join(place, "bin", "python");
}

/** The package's version, and a digest of all that the environment is made from. */
async function fingerprint({ name, requirementsPath, signal }: VirtualEnvironmentOptions): Promise<string> {
  const requirements = readFileSync(requirementsPath, "utf8");
  const describePython = "import sys; print(sys.version, sys.executable)";
  const { stdout } = await promisify(execFile)("python3", ["-I", "-c", describePython], { signal });
  const digest = createHash("sha256").update(requirements).update(stdout).digest("hex").slice(0, 12);
  return `${new RegExp(`^${name}==(.*)$`, "m").exec(requirements)?.[1] ?? "unpinned"}-${digest}`;
}

async function install(draft: string, options: VirtualEnvironmentOptions): Promise<void> {
  const run = (program: string, programArguments: readonly string[]): Promise<void> =>
    runProgram({
      program,
      programArguments,
      workingDirectory: options.directory,
      environment: process.env,
      logPath: join(options.directory, `${options.name}-install.log`),
      clock: options.clock,
      signal: options.signal,
    });
  mkdirSync(draft, { recursive: true });
  try {
    options.onProgress?.("making a virtual environment");
    await run("python3", ["-m", "venv", draft]);
    options.onProgress?.(`installing ${options.name}, this once`);
    await run(join(draft, "bin", "python"), [...PIP, "--requirement", options.requirementsPath]);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
}

/** Another start may have finished first; then its environment is as good as ours. */
function moveWhole(draft: string, place: string): void {
  try {
    renameSync(draft, place);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(place)) throw error;
  }
}

/** Takes away what killed starts have left; a draft is named after the process that makes it. */
function sweepDrafts(directory: string): void {
  for (const name of readdirSync(directory)) {
    const processId = DRAFT.exec(name)?.[1];
    if (processId !== undefined && !isAlive(Number(processId)))
      rmSync(join(directory, name), { recursive: true, force: true });
  }
}

function isAlive(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
}
