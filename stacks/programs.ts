// What `npm run state-bucket` and `npm run roll` share: cdktf and Terraform, run with their output to the terminal.
import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import type { Environment } from "./settings.ts";
import { SettingsError } from "./settings/settings-error.ts";

const SOFTWARE_MISSING = 69;

/** What such a program is handed of the world. */
export interface DeployContext {
  /** The project's folder. */
  readonly directory: string;
  readonly environment: Environment;
  /** Options of the person's for what deploys: `--auto-approve`. */
  readonly deployOptions: readonly string[];
  /** Runs a program in a folder, its output to the terminal; returns its exit status. */
  readonly run: (program: Program) => number;
  readonly say: (text: string) => void;
}

export interface Program {
  /** The program's path, or its name; then its arguments. */
  readonly command: readonly [string, ...string[]];
  readonly workingDirectory: string;
  readonly environment: Environment;
}

/** Terraform, or what stands in for it: cdktf obeys the same variable. */
export function terraformProgram(environment: Environment): string {
  return environment["TERRAFORM_BINARY_NAME"] ?? "terraform";
}

/** Sets the exit status of this process to what `deploy` returns. */
export function runDeployment(name: string, deploy: (context: DeployContext) => number): void {
  try {
    process.exitCode = deploy({
      directory: dirname(import.meta.dirname),
      environment: process.env,
      deployOptions: process.argv.slice(2),
      run: (program) => runProgram(name, program),
      say: (text) => process.stderr.write(text),
    });
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(error.render());
    process.exitCode = error.exitCode;
  }
}

function runProgram(ourName: string, { command, workingDirectory, environment }: Program): number {
  const [name, ...programArguments] = command;
  const program = name === "node" ? process.execPath : name;
  const { error, status } = spawnSync(program, programArguments, {
    cwd: workingDirectory,
    env: environment,
    stdio: "inherit",
  });
  if (error === undefined) return status ?? 1;
  process.stderr.write(`${ourName}: error: cannot run "${name}": ${error.message}\n`);
  process.stderr.write(`${ourName}: hint: https://developer.hashicorp.com/terraform/install\n`);
  return SOFTWARE_MISSING;
}
