// The frame of both apps: settings in, one stack out, and a message instead of a stack trace when the settings are wrong.
import { join, relative } from "node:path";
import { App } from "cdktf";
import { chooseBackend, type StateBackend } from "./backend.ts";
import { readSettings, type Environment, type Settings } from "./settings.ts";
import { SettingsError } from "./settings/settings-error.ts";

/** What an app is handed of the world. */
export interface AppContext {
  /** The folder that holds the settings files and, with STATE_BACKEND=local, the state. */
  readonly directory: string;
  readonly environment: Environment;
  readonly complain: (text: string) => void;
}

export interface StackProps {
  readonly settings: Settings;
  readonly backend: StateBackend;
}

export interface AppPlan {
  /** Names the stack for cdktf, and its folder below `cdktf.out/stacks`. */
  readonly id: string;
  /** Key of its state in the bucket. */
  readonly stateKey: (settings: Settings, environment: Environment) => string;
  readonly define: (app: App, id: string, props: StackProps) => unknown;
}

/** Synthesizes the stack; returns the exit status. */
export function runApp(plan: AppPlan, { directory, environment, complain }: AppContext): number {
  try {
    const settings = readSettings(directory, environment);
    const app = new App();
    const stateFile = relative(join(app.outdir, "stacks", plan.id), join(directory, localStateFile(plan.id, settings)));
    const backend = chooseBackend(settings, environment, {
      key: plan.stateKey(settings, environment),
      file: stateFile,
    });
    plan.define(app, plan.id, { settings, backend });
    app.synth();
    return 0;
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    complain(error.render());
    return error.exitCode;
  }
}

/** Name of the state file of a stack with STATE_BACKEND=local. */
export function localStateFile(stackId: string, { tag_application, target_environment }: Settings): string {
  return `terraform.${stackId}.${tag_application}-${target_environment}.tfstate`;
}
