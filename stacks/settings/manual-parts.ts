// The parts of docs/settings.md that are generated: a list for each section of the settings, and one for each stack's outputs.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bastionApp, stateBucketApp } from "../apps.ts";
import { runApp, type AppPlan } from "../run-app.ts";
import { settingsJsonSchema } from "./json-schema.ts";
import { outputsList, settingsList, type Outputs } from "./manual.ts";
import { settingsSections } from "./schema.ts";

/** Switches on all that has outputs of its own. */
const EVERYTHING = {
  tag_application: "sandbox",
  vpc_cidr: "10.10.0.0/24",
  vpc_private_subnets: ["10.10.0.0/28"],
  access: {},
  session_preferences: { s3_logs: true },
  audit: { trail: {} },
  database_demo: {},
};

/** By the name that the document's markers give them. */
export function manualParts(): Record<string, string> {
  const schema = settingsJsonSchema();
  const ofSettings = Object.entries(settingsSections).map(([title, shape]) => [
    `settings: ${title}`,
    settingsList(Object.keys(shape), schema),
  ]);
  const outputs = { ...outputsOf(bastionApp), ...outputsOf(stateBucketApp) };
  const ofOutputs = Object.entries(outputs).map(([stack, each]) => [`outputs: ${stack}`, outputsList(each)]);
  return Object.fromEntries([...ofSettings, ...ofOutputs]) as Record<string, string>;
}

/** Outputs of the app's stacks, by the stack's id. */
function outputsOf(app: AppPlan): Record<string, Outputs> {
  const directory = mkdtempSync(join(tmpdir(), "settings-manual-"));
  try {
    writeFileSync(join(directory, "dev.tfvars.json"), JSON.stringify(EVERYTHING));
    const outputDirectory = join(directory, "cdktf.out");
    const complain = (text: string): void => {
      throw new RangeError(text);
    };
    runApp(app, { directory, environment: { STATE_BACKEND: "local" }, complain, outputDirectory });
    const stacks = join(outputDirectory, "stacks");
    return Object.fromEntries(readdirSync(stacks).map((id) => [id, readOutputs(join(stacks, id, "cdk.tf.json"))]));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function readOutputs(path: string): Outputs {
  return (JSON.parse(readFileSync(path, "utf8")) as { readonly output?: Outputs }).output ?? {};
}
