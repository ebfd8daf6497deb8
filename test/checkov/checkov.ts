// Checkov itself: pinned, in a virtual environment of its own, and run so that nothing around it changes the result.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { provideVirtualEnvironment } from "../../sandbox/python/virtual-environment.ts";
import { ExitCode } from "../../scripts/errors/exit-code.ts";
import { UserError } from "../../scripts/errors/user-error.ts";
import { systemClock } from "../../session-manager/clock.ts";
import type { CheckovReport } from "./judge.ts";

/** Every package pinned: a newer IAM database alone can fail what passed. */
const requirementsPath = join(import.meta.dirname, "requirements.txt");
const cacheDirectory = join(import.meta.dirname, "..", "..", "node_modules", ".cache", "isolated-bastion");

export class Checkov {
  readonly #python: string;
  readonly #emptyDirectory: string;

  private constructor(python: string, emptyDirectory: string) {
    this.#python = python;
    this.#emptyDirectory = emptyDirectory;
  }

  /**
   * Checkov, installed the first time.
   *
   * @param emptyDirectory - an empty folder: Checkov reads `.checkov.yaml` from its working directory and from the home
   * @throws UserError when it cannot be installed
   */
  static async open(emptyDirectory: string, onProgress?: (detail: string) => void): Promise<Checkov> {
    mkdirSync(cacheDirectory, { recursive: true });
    const options = { name: "checkov", directory: cacheDirectory, requirementsPath, clock: systemClock, onProgress };
    return new Checkov(await provideVirtualEnvironment(options), emptyDirectory);
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
    const { stdout, stderr, error } = spawnSync(this.#python, options, {
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
        hint: `delete "${cacheDirectory}" and run this again`,
        exitCode: ExitCode.Unavailable,
        cause,
      });
    }
  }
}
