// What a settings file becomes: the app's own run, in a folder of its own, read back as Terraform would read it.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bastionApp } from "../../stacks/apps.ts";
import { runApp, type AppPlan } from "../../stacks/run-app.ts";
import type { Environment } from "../../stacks/settings.ts";

/** Arguments of one resource or data source. */
export type Arguments = Readonly<Record<string, unknown>>;

export interface Synthesized {
  readonly exitCode: number;
  /** What would stand on stderr. */
  readonly complaint: string;
  /** What would stand on stdout. */
  readonly told: string;
  /** The JSON for Terraform; empty when the settings were refused. */
  readonly json: TerraformJson;
  readonly versions: string;
  /** Whether there is something that Terraform would apply. */
  readonly isThere: boolean;
}

export interface TerraformJson {
  readonly terraform?: { readonly backend: Readonly<Record<string, Arguments>> };
  readonly provider?: Readonly<Record<string, readonly Arguments[]>>;
  readonly resource?: Readonly<Record<string, Readonly<Record<string, Arguments>>>>;
  readonly data?: Readonly<Record<string, Readonly<Record<string, Arguments>>>>;
  readonly output?: Readonly<Record<string, { readonly value: unknown }>>;
}

export interface SynthesizeOptions {
  readonly app?: AppPlan;
  /** Id of the stack to read; default: the app's main one. */
  readonly stack?: string;
  /** Default: a file in the project for the state. */
  readonly environment?: Environment;
  /** Default: `dev.tfvars.json`. */
  readonly file?: string;
  /** Text of the settings file in place of the settings. */
  readonly text?: string;
}

/** Runs the app with these settings, which only need `tag_application`. */
export function synthesize(settings: object = {}, options: SynthesizeOptions = {}): Synthesized {
  const { app = bastionApp, environment = { STATE_BACKEND: "local" }, file = "dev.tfvars.json" } = options;
  const { stack = app.id } = options;
  const directory = mkdtempSync(join(tmpdir(), "stacks-"));
  try {
    const text = options.text ?? JSON.stringify({ tag_application: "sandbox", ...settings });
    writeFileSync(join(directory, file), text);
    let complaint = "";
    let told = "";
    const outputDirectory = join(directory, "cdktf.out");
    const complain = (more: string): void => {
      complaint += more;
    };
    const tell = (more: string): void => {
      told += more;
    };
    const exitCode = runApp(app, { directory, environment, complain, tell, outputDirectory });
    const read = (name: string): string => readFileSync(join(outputDirectory, "stacks", stack, name), "utf8");
    const isThere = existsSync(join(outputDirectory, "stacks", stack));
    if (exitCode !== 0) return { exitCode, complaint, told, json: {}, versions: "", isThere };
    return {
      exitCode,
      complaint,
      told,
      isThere,
      json: JSON.parse(read("cdk.tf.json")) as TerraformJson,
      versions: read("versions.tf"),
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The resources of one type, by their name in the address. */
export function resources({ json }: Synthesized, type: string): Readonly<Record<string, Arguments>> {
  return json.resource?.[type] ?? {};
}

/** The resource at an address: `aws_instance.bastion_host_1`. */
export function resource(synthesized: Synthesized, address: string): Arguments {
  const [type = "", name = ""] = address.split(".");
  const found = resources(synthesized, type)[name];
  if (found === undefined) throw new Error(`no resource at "${address}"`);
  return found;
}

/** The data source at an address without `data.`: `aws_iam_policy_document.bastion_role_core_document`. */
export function dataSource({ json }: Synthesized, address: string): Arguments {
  const [type = "", name = ""] = address.split(".");
  const found = json.data?.[type]?.[name];
  if (found === undefined) throw new Error(`no data source at "${address}"`);
  return found;
}

/** All resource addresses, sorted. */
export function addresses({ json }: Pick<Synthesized, "json">): string[] {
  return Object.entries(json.resource ?? {})
    .flatMap(([type, named]) => Object.keys(named).map((name) => `${type}.${name}`))
    .sort();
}
