// Checkov itself: pinned, in a virtual environment of its own, and run so that nothing around it changes the result.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../scripts/errors/user-error.ts";
import { ExitCode } from "../../scripts/errors/exit-code.ts";
import type { CheckovReport } from "./judge.ts";

export interface CheckovOptions {
  /** requirements.txt with every package pinned: a newer IAM database alone can fail what passed. */
  readonly requirements: string;
  /** Where the virtual environment is kept; made when missing. */
  readonly cacheDirectory: string;
  /** An empty folder: Checkov reads `.checkov.yaml` from its working directory and from the home. */
  readonly emptyDirectory: string;
  readonly say: (text: string) => void;
}

export class Checkov {
  readonly #environment: string;
  readonly #emptyDirectory: string;

  /** @throws UserError when the virtual environment cannot be made */
  constructor(options: CheckovOptions) {
    this.#environment = provideEnvironment(options);
    this.#emptyDirectory = options.emptyDirectory;
  }

  /** Scans all `*.tf.json` of a folder. `--framework terraform` would read none of them, and pass. */
  scanJson(directory: string): CheckovReport {
    return this.#run("--directory", directory, "--framework", "terraform_json");
  }

  /** Scans what `terraform show -json` says of a plan. */
  scanPlan(file: string): CheckovReport {
    return this.#run("--file", file, "--framework", "terraform_plan");
  }

  #run(...scanOptions: readonly string[]): CheckovReport {
    // --skip-download: else it asks a server for guidelines, and prints a stack trace where there is none.
    const options = [
      "-m",
      "checkov.main",
      ...scanOptions,
      "--skip-download",
      "--output",
      "json",
      "--quiet",
      "--compact",
    ];
    const { stdout, stderr, error } = spawnSync(join(this.#environment, "bin", "python"), options, {
      cwd: this.#emptyDirectory,
      env: { PATH: process.env["PATH"], HOME: this.#emptyDirectory, LANG: "C.UTF-8" },
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    });
    if (error !== undefined) throw error;
    try {
      return JSON.parse(stdout) as CheckovReport;
    } catch (cause) {
      throw new UserError(`cannot read what Checkov says: ${stderr.trim().split("\n").at(-1) ?? "nothing"}`, {
        hint: `delete "${this.#environment}" and run this again`,
        exitCode: ExitCode.Unavailable,
        cause,
      });
    }
  }
}

/** The environment for these requirements and this Python; made whole or not at all. */
function provideEnvironment({ requirements, cacheDirectory, say }: CheckovOptions): string {
  const python = run("python3", ["-I", "-c", "import sys; print(sys.version, sys.prefix)"]);
  const digest = createHash("sha256").update(readFileSync(requirements)).update(python).digest("hex").slice(0, 12);
  const place = join(cacheDirectory, `checkov-${digest}`);
  if (existsSync(place)) return place;
  const draft = `${place}.${process.pid}`;
  try {
    say("installing Checkov, this once\n");
    mkdirSync(cacheDirectory, { recursive: true });
    run("python3", ["-m", "venv", draft]);
    // The scripts in bin/ know only the place where they were made; modules can be run after the move.
    run(join(draft, "bin", "python"), ["-m", "pip", "install", "--no-deps", "--quiet", "--requirement", requirements]);
    renameSync(draft, place);
    return place;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Output of a program that must succeed. */
function run(program: string, programArguments: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, programArguments, { encoding: "utf8" });
  if (status === 0) return stdout;
  const detail = error?.message ?? stderr.trim().split("\n").slice(-5).join("\n");
  throw new UserError(`cannot run "${program} ${programArguments.join(" ")}": ${detail}`, {
    hint: "Checkov needs Python 3.10 or later with venv, and a package registry the first time",
    exitCode: ExitCode.Unavailable,
  });
}
