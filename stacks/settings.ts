// Reads `<environment>.tfvars.json`: Settings come out, or an error that names the file, the key and the cure.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { distance } from "fastest-levenshtein";
import type { z } from "zod";
import { checkSettings } from "./settings/checks.ts";
import { completeAddresses } from "./settings/complete-addresses.ts";
import { settingsSchema, type Settings, type SettingsFile, type SettingsInput } from "./settings/schema.ts";
import { SettingsError, SettingsExitCode, type Problem } from "./settings/settings-error.ts";

export type { Settings } from "./settings/schema.ts";

/** Variables of the process, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_ENVIRONMENT = "dev";
/** Beyond this many edits, two words do not look alike. */
const MAX_TYPING_ERRORS = 3;

/** Settings that the AWS pattern has, and that an isolated bastion leaves no choice in. */
const FIXED_KEYS: Readonly<Record<string, string>> = {
  vpc_enable_nat_gateway: 'leave it out: "network": "nat" brings a NAT gateway',
  vpc_enable_vpn_gateway: "leave it out: this network has no VPN gateway",
  vpc_enable_dns_support: "leave it out: it is always on, because the endpoints' private names need it",
  vpc_enable_dns_hostnames: "leave it out: it is always on, because the endpoints' private names need it",
};

/**
 * The settings of the environment that `ENVIRONMENT` names, `dev` without it.
 *
 * @param directory - where the file lies
 * @throws SettingsError when the file is missing (exit status 66), or holds what cannot work (65)
 */
export function readSettings(directory: string, environment: Environment): Settings {
  const name = environment["ENVIRONMENT"] ?? DEFAULT_ENVIRONMENT;
  if (!/^[a-z0-9][a-z0-9-]*$/.test(name))
    throw new SettingsError("ENVIRONMENT", [
      {
        message: `${JSON.stringify(name)} is not a name of lower-case letters, digits and hyphens`,
        cure: "ENVIRONMENT=prod reads prod.tfvars.json",
      },
    ]);
  const file = `${name}.tfvars.json`;
  const settings = parseSettings(readJson(directory, file), { file, environmentName: name });
  const problems = [...checkSettings(settings), ...regionProblems(settings, environment)];
  if (problems.length > 0) throw new SettingsError(file, problems);
  return settings;
}

/**
 * Settings that a program writes itself, completed and checked as a file's are.
 *
 * @throws SettingsError when they hold what cannot work
 */
export function completeSettings(content: SettingsInput): Settings {
  const source = "settings";
  const settings = parseSettings(content, { file: source, environmentName: DEFAULT_ENVIRONMENT });
  const problems = checkSettings(settings);
  if (problems.length > 0) throw new SettingsError(source, problems);
  return settings;
}

/** The file's content, as JSON. */
function readJson(directory: string, file: string): unknown {
  let text: string;
  try {
    text = readFileSync(join(directory, file), "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isMissing = code === "ENOENT";
    const problem = {
      message: isMissing ? "does not exist" : `cannot be read: ${message}`,
      cure: isMissing ? "copy dev.tfvars.json, or name another environment: ENVIRONMENT=dev" : `ls -l ${file}`,
    };
    throw new SettingsError(file, [problem], isMissing ? SettingsExitCode.NotFound : SettingsExitCode.Data);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = `is not JSON: ${(error as Error).message}`;
    throw new SettingsError(file, [{ message, cure: `npx prettier --check ${file} shows the line` }]);
  }
}

/** Content of the file, checked value by value and completed. */
function parseSettings(content: unknown, from: { file: string; environmentName: string }): Settings {
  const result = settingsSchema.safeParse(withoutSchema(content), { reportInput: true });
  if (!result.success) throw new SettingsError(from.file, result.error.issues.flatMap(problemsOf));
  const { tag_application } = result.data;
  return {
    ...result.data,
    ...completeAddresses(result.data),
    target_environment: result.data.target_environment ?? environmentPart(from),
    state_key: result.data.state_key ?? `bastion/${tag_application}-${from.environmentName}.tfstate`,
  };
}

/** Without the `$schema` by which editors find docs/settings.schema.json. */
function withoutSchema(content: unknown): unknown {
  if (typeof content !== "object" || content === null || Array.isArray(content)) return content;
  return Object.fromEntries(Object.entries(content).filter(([key]) => key !== "$schema"));
}

function environmentPart({ file, environmentName }: { file: string; environmentName: string }): string {
  const result = settingsSchema.shape.target_environment.unwrap().safeParse(environmentName);
  if (result.success) return environmentName;
  const message = `its name cannot be an environment's: ${JSON.stringify(environmentName)} ${result.error.issues[0]?.message ?? ""}`;
  throw new SettingsError(file, [{ message, cure: `write ${exampleOf("target_environment")}` }]);
}

/** One deploys in one Region: a second bastion in another one, by a forgotten variable, is nobody's wish. */
function regionProblems({ aws_region: region }: Settings, environment: Environment): Problem[] {
  return ["AWS_REGION", "AWS_DEFAULT_REGION"]
    .map((name) => ({ name, value: environment[name] }))
    .filter(({ value }) => region !== undefined && value !== undefined && value !== "" && value !== region)
    .slice(0, 1)
    .map(({ name, value }) => ({
      message: `"aws_region": "${region ?? ""}" is not the Region that ${name} names, ${JSON.stringify(value)}`,
      cure: `unset ${name}, or change one of the two`,
    }));
}

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKeyProblem(key, issue.path));
  const [key] = issue.path;
  return [{ message: `${pathText(issue.path)}${faultOf(issue)}`, cure: cureFor(key) }];
}

function unknownKeyProblem(key: string, path: readonly PropertyKey[]): Problem {
  const message = `${pathText([...path, key])}is not a setting`;
  if (path.length > 0) return { message, cure: cureFor(path[0]) };
  const fixed = Object.hasOwn(FIXED_KEYS, key) ? FIXED_KEYS[key] : undefined;
  return { message, cure: fixed ?? `${nearestKey(key)}docs/settings.md lists all settings` };
}

function nearestKey(key: string): string {
  const [nearest] = Object.keys(settingsSchema.shape)
    .map((known) => ({ known, edits: distance(key, known) }))
    .filter(({ edits }) => edits <= MAX_TYPING_ERRORS)
    .sort((one, other) => one.edits - other.edits);
  return nearest === undefined ? "" : `is "${nearest.known}" meant? `;
}

/** What was met, as the end of a sentence whose subject is the key. */
function faultOf(issue: z.core.$ZodIssue): string {
  if (issue.input === undefined) return "is missing";
  const shown = JSON.stringify(issue.input);
  if (issue.code === "invalid_type") return `${shown} is not ${withArticle(issue.expected)}`;
  if (issue.code === "invalid_union") return `${shown} is not a string or a list of strings`;
  if (issue.code === "invalid_value")
    return `${shown} is not ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
  return `${shown} ${issue.message}`;
}

/** JSON's types, in words. */
const TYPE_WORDS: Readonly<Record<string, string>> = { array: "a list", int: "a whole number", object: "an object" };

function withArticle(type: string): string {
  return TYPE_WORDS[type] ?? `a ${type}`;
}

/** `"targets[0].port": `, or nothing for the file itself. */
function pathText(path: readonly PropertyKey[]): string {
  const steps = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`));
  return path.length === 0 ? "" : `"${steps.join("").slice(1)}": `;
}

function cureFor(key: PropertyKey | undefined): string {
  return isSetting(key) ? `write ${exampleOf(key)}` : "docs/settings.md shows a whole file";
}

function isSetting(key: PropertyKey | undefined): key is keyof SettingsFile {
  return key !== undefined && Object.hasOwn(settingsSchema.shape, key);
}

function exampleOf(key: keyof SettingsFile): string {
  return `"${key}": ${JSON.stringify(settingsSchema.shape[key].meta()?.["example"])}`;
}
