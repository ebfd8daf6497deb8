// The few of the deployment's settings that the commands fall back on, read from <ENVIRONMENT>.tfvars.json.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ExitCode } from "../errors/exit-code.ts";
import { quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";

/** What `cdktf deploy` was told, as far as a command needs it. Every key is optional in the file. */
export interface ProjectSettings {
  readonly region: string | undefined;
  /** What the bastion is made of: `al2023`, `al2` or `ubuntu`. */
  readonly image: string | undefined;
  /** Name tag of the bastion that they deploy. */
  readonly bastionName: string | undefined;
  /** What the bastion may reach, by the names that people call it. */
  readonly targets: readonly ProjectTarget[];
  /** OS user that can do nothing but forward to the targets. */
  readonly tunnelUser: string | undefined;
}

/** One of the settings' `targets`. */
export interface ProjectTarget {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Session document that leads there and nowhere else, where the settings make one. */
  readonly documentName?: string | undefined;
}

const NO_SETTINGS: ProjectSettings = {
  region: undefined,
  image: undefined,
  bastionName: undefined,
  targets: [],
  tunnelUser: undefined,
};

/**
 * Settings of `environment` in the project's root; none when the file does not exist, as in the published package.
 *
 * @throws UserError (65) when the file is not JSON
 */
export async function readProjectSettings(root: string, environment: string | undefined): Promise<ProjectSettings> {
  const environmentName = environment ?? "dev";
  const name = `${environmentName}.tfvars.json`;
  if (!/^[\w-]+\.tfvars\.json$/.test(name)) return NO_SETTINGS; // cdktf refuses it; no path is built of it here
  const content = await readFile(join(root, name), "utf8").catch(() => undefined);
  if (content === undefined) return NO_SETTINGS;
  const settings = parseSettings(name, content);
  const prefix = namePrefix(settings, environmentName);
  return {
    region: textOf(settings["aws_region"]),
    image: textOf(settings["image"]),
    bastionName: prefix === undefined ? undefined : `${prefix}-bastion-host`,
    targets: targetsOf(settings, prefix),
    tunnelUser: textOf(settings["tunnel_user"]),
  };
}

/** What begins the stack's names; a test holds the two together. */
function namePrefix(settings: Record<string, unknown>, environmentName: string): string | undefined {
  const application = textOf(settings["tag_application"]);
  const environment = textOf(settings["target_environment"]) ?? environmentName;
  return application === undefined ? undefined : `${application}-${environment}`;
}

function targetsOf(settings: Record<string, unknown>, prefix: string | undefined): ProjectTarget[] {
  const targets = (Array.isArray(settings["targets"]) ? settings["targets"] : []).filter(isTarget);
  const { policies } = Object(settings["access"]) as { readonly policies?: unknown };
  const haveDocuments = prefix !== undefined && Array.isArray(policies) && policies.includes("targets");
  return targets.map(({ name, host, port }) => {
    // The stack's name for it too.
    const documentName = haveDocuments ? `bastion-${prefix}-to-${name}` : undefined;
    return { name, host, port, documentName };
  });
}

function isTarget(value: unknown): value is Omit<ProjectTarget, "documentName"> {
  const { name, host, port } = Object(value) as Partial<Record<keyof ProjectTarget, unknown>>;
  return typeof name === "string" && typeof host === "string" && typeof port === "number";
}

function parseSettings(name: string, content: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(content)) as Record<string, unknown>;
  } catch (cause) {
    throw new UserError(`cannot read ${quoted(name)}: not JSON`, {
      hint: `mend it: docs/settings.md shows each key`,
      exitCode: ExitCode.Data,
      cause,
    });
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
