// `npm run state-bucket`: makes the bucket for Terraform's state and prints the lines to add to the settings.
import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { SettingsError } from "./settings/settings-error.ts";
import { deployStateBucket, type Program } from "./state/deploy-state-bucket.ts";

const SOFTWARE_MISSING = 69;

function run({ command: [name, ...programArguments], workingDirectory, environment }: Program): number {
  const program = name === "node" ? process.execPath : name;
  const { error, status } = spawnSync(program, programArguments, {
    cwd: workingDirectory,
    env: environment,
    stdio: "inherit",
  });
  if (error === undefined) return status ?? 1;
  process.stderr.write(`state-bucket: error: cannot run "${name}": ${error.message}\n`);
  process.stderr.write("state-bucket: hint: https://developer.hashicorp.com/terraform/install\n");
  return SOFTWARE_MISSING;
}

try {
  process.exitCode = deployStateBucket({
    directory: dirname(import.meta.dirname),
    environment: process.env,
    deployOptions: process.argv.slice(2),
    run,
    say: (text) => process.stderr.write(text),
  });
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  process.stderr.write(error.render());
  process.exitCode = error.exitCode;
}
