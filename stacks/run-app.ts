// The frame of both apps: settings in, one stack out, and a message instead of a stack trace when the settings are wrong.
import { relative, join } from "node:path";
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

export interface StackPlan {
  /** Names the stack for cdktf, and its folder below `cdktf.out/stacks`. */
  readonly id: string;
  readonly define: (app: App, id: string, props: { settings: Settings; backend: StateBackend }) => void;
}

/** Synthesizes the stack; returns the exit status. */
export function runApp(plan: StackPlan, { directory, environment, complain }: AppContext): number {
  try {
    const settings = readSettings(directory, environment);
    const app = new App();
    const stateFile = `terraform.${plan.id}.${settings.tag_application}-${settings.target_environment}.tfstate`;
    const stackDirectory = join(app.outdir, "stacks", plan.id);
    const backend = chooseBackend(settings, environment, relative(stackDirectory, join(directory, stateFile)));
    plan.define(app, plan.id, { settings, backend });
    app.synth();
    return 0;
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    complain(error.render());
    return error.exitCode;
  }
}
