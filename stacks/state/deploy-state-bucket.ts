// Makes the bucket for Terraform's state, then puts the state of the bucket itself into it.
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { stateBucketApp } from "../apps.ts";
import { terraformProgram, type DeployContext } from "../programs.ts";
import { localStateFile } from "../run-app.ts";
import { readSettings, type Environment } from "../settings.ts";

interface Outputs {
  readonly state_bucket: string;
  readonly state_region: string;
  readonly state_policy_arn: string;
}

/** A package of cdktf's calls util.isArray, of which Node 24 warns at every start. */
const APP = ["node", "--disable-warning=DEP0044", "scripts/launcher.mjs", "stacks/state-bucket.ts"] as const;

/**
 * Deploys the bucket's stack; returns the exit status.
 *
 * The first time there is no bucket, so its state begins in a file and is moved into the bucket at the end. A run that
 * was cut short goes on where it stopped, by that file. Later runs update the bucket, with the state that lies in it.
 *
 * @throws SettingsError
 */
export function deployStateBucket(context: DeployContext): number {
  const settings = readSettings(context.directory, context.environment);
  const stateFile = join(context.directory, localStateFile(stateBucketApp.id, settings));
  const bucket = context.environment["STATE_BUCKET"] ?? settings.state_bucket;
  if (bucket !== undefined && !existsSync(stateFile)) {
    context.say(`the state of the bucket's stack is in "${bucket}"\n`);
    return deploy(context, {});
  }
  const exitCode = deploy(context, { STATE_BACKEND: "local" });
  if (exitCode !== 0) return exitCode;
  const outputs = readOutputs(context);
  if (outputs === undefined) return 0; // nothing was approved
  const moved = moveStateInto(outputs, context);
  if (moved !== 0) {
    context.say(
      `the bucket is there, but the state of its stack is still in "${stateFile}": keep it, and run this again\n`,
    );
    return moved;
  }
  rmSync(stateFile, { force: true });
  rmSync(`${stateFile}.backup`, { force: true });
  context.say(closingWords(outputs));
  return 0;
}

const outputDirectory = ({ directory }: DeployContext): string => join(directory, "cdktf.out", "state-bucket");
const outputsFile = (context: DeployContext): string => join(outputDirectory(context), "outputs.json");

function deploy(context: DeployContext, backend: Environment): number {
  mkdirSync(outputDirectory(context), { recursive: true });
  rmSync(outputsFile(context), { force: true });
  const cdktf = join(context.directory, "node_modules", "cdktf-cli", "bundle", "bin", "cdktf");
  const options = [
    "--app",
    APP.join(" "),
    "--output",
    outputDirectory(context),
    "--outputs-file",
    outputsFile(context),
  ];
  return context.run({
    command: ["node", cdktf, "deploy", ...options, ...context.deployOptions],
    workingDirectory: context.directory,
    environment: { ...context.environment, ...backend },
  });
}

function readOutputs(context: DeployContext): Outputs | undefined {
  if (!existsSync(outputsFile(context))) return undefined;
  const outputs = JSON.parse(readFileSync(outputsFile(context), "utf8")) as Record<string, Outputs | undefined>;
  return outputs[stateBucketApp.id];
}

/** Synthesizes the same stack with the bucket as its backend, where Terraform then finds that the backend has changed. */
function moveStateInto({ state_bucket, state_region }: Outputs, context: DeployContext): number {
  context.say(`moving the state of the bucket's stack into "${state_bucket}"\n`);
  const environment = {
    ...context.environment,
    STATE_BACKEND: "s3",
    STATE_BUCKET: state_bucket,
    STATE_REGION: state_region,
    CDKTF_OUTDIR: outputDirectory(context),
  };
  const synthesized = context.run({ command: [...APP], workingDirectory: context.directory, environment });
  if (synthesized !== 0) return synthesized;
  return context.run({
    command: [terraformProgram(context.environment), "init", "-migrate-state", "-force-copy", "-input=false"],
    workingDirectory: join(outputDirectory(context), "stacks", stateBucketApp.id),
    environment,
  });
}

function closingWords({ state_bucket, state_region, state_policy_arn }: Outputs): string {
  return [
    "",
    "The bucket is there, and the state of its own stack in it. Add these lines to the settings file:",
    "",
    `  "state_bucket": ${JSON.stringify(state_bucket)},`,
    `  "state_region": ${JSON.stringify(state_region)},`,
    "",
    `Whoever deploys needs the policy ${state_policy_arn}.`,
    "",
  ].join("\n");
}
