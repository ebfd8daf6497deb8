// The frame of both apps: settings in, stacks out, and a message instead of a stack trace when the settings are wrong.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { App, TerraformStack } from "cdktf";
import { chooseBackend, type StateBackend } from "./backend.ts";
import { priceLines } from "./prices/monthly-price.ts";
import { refuseUnregistered } from "./registration/refuse-unregistered.ts";
import type { StackJson } from "./registration/terraform-model.ts";
import { readSettings, type Environment, type Settings } from "./settings.ts";
import { SettingsError } from "./settings/settings-error.ts";

/** What an app is handed of the world. */
export interface AppContext {
  /** The folder that holds the settings files and, with STATE_BACKEND=local, the state. */
  readonly directory: string;
  readonly environment: Environment;
  readonly complain: (text: string) => void;
  /** Told what is worth knowing, such as the price and what the proof of registration left open; by default nobody is. */
  readonly tell?: (text: string) => void;
  /** Where to synthesize to; without it cdktf decides, by CDKTF_OUTDIR. */
  readonly outputDirectory?: string;
}

export interface StackProps {
  /** What the person wrote, completed. */
  readonly settings: Settings;
  /** Where the state of this stack lives. */
  readonly backend: StateBackend;
}

/** What an app's stacks are made of. */
export interface AppContents {
  readonly settings: Settings;
  /** Where the state of the stack with this id lives. */
  readonly backendOf: (stackId: string) => StateBackend;
}

export interface AppPlan {
  /** Id of its one stack, or of the one that the others stand around: names it for cdktf, and its folder below `cdktf.out/stacks`. */
  readonly id: string;
  /** Key of a stack's state in the bucket. */
  readonly stateKey: (stackId: string, settings: Settings, environment: Environment) => string;
  /** Adds the stacks. */
  readonly define: (app: App, contents: AppContents) => void;
}

/** Synthesizes the stacks; returns the exit status. */
export function runApp(plan: AppPlan, context: AppContext): number {
  const { directory, environment, complain, tell, outputDirectory } = context;
  try {
    const settings = readSettings(directory, environment);
    const app = new App(outputDirectory === undefined ? {} : { outdir: outputDirectory });
    const backendOf = (stackId: string): StateBackend =>
      chooseBackend(settings, environment, {
        key: plan.stateKey(stackId, settings, environment),
        file: relative(directoryOf(stackId, app), join(directory, localStateFile(stackId, settings))),
      });
    plan.define(app, { settings, backendOf });
    app.synth();
    const ids = app.node.children.filter((child) => TerraformStack.isStack(child)).map(({ node }) => node.id);
    for (const id of ids) {
      requireTerraform(directoryOf(id, app));
      for (const line of proveRegistration(id, app)) tell?.(`${line}\n`);
    }
    for (const line of priceLines(ids.map((id) => readJson(directoryOf(id, app))))) tell?.(`${line}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    complain(error.render());
    return error.exitCode;
  }
}

function directoryOf(stackId: string, { outdir }: App): string {
  return join(outdir, "stacks", stackId);
}

/**
 * Asks for the Terraform release that brought lock files in S3.
 *
 * In a file of its own, because Checkov 3.3 cannot parse the JSON with `required_version` in it, and then checks nothing.
 */
function requireTerraform(stackDirectory: string): void {
  writeFileSync(join(stackDirectory, "versions.tf"), 'terraform {\n  required_version = ">= 1.10.0"\n}\n');
}

/** Of what Terraform would get, not of our constructs: whatever made the JSON, it is what will be deployed. */
function proveRegistration(stackId: string, app: App): string[] {
  const directory = directoryOf(stackId, app);
  try {
    return refuseUnregistered(stackId, readJson(directory));
  } catch (error) {
    // Left where it is, `terraform apply` would find it.
    rmSync(directory, { recursive: true });
    throw error;
  }
}

function readJson(stackDirectory: string): StackJson {
  return JSON.parse(readFileSync(join(stackDirectory, "cdk.tf.json"), "utf8")) as StackJson;
}

/** Name of the state file of a stack with STATE_BACKEND=local. */
export function localStateFile(stackId: string, { tag_application, target_environment }: Settings): string {
  return `terraform.${stackId}.${tag_application}-${target_environment}.tfstate`;
}
