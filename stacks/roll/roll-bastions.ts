// Replaces the bastions, one after the other: how those with a pinned image get a newer one.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bastionApp } from "../apps.ts";
import { terraformProgram, type DeployContext } from "../programs.ts";
import { readSettings } from "../settings.ts";

/** A package of cdktf's calls util.isArray, of which Node 24 warns at every start. */
const APP = ["node", "--disable-warning=DEP0044", "scripts/launcher.mjs", "stacks/main.ts"] as const;

/**
 * Synthesizes the stack, and has Terraform replace its instances, each in an apply of its own: while one is made, the
 * others stay. A pinned image is pinned only as long as its instance lives, so the new ones start from the newest.
 *
 * @returns the exit status of the first program that fails
 * @throws SettingsError
 */
export function rollBastions(context: DeployContext): number {
  readSettings(context.directory, context.environment); // says what is wrong with them before anything runs
  const output = join(context.directory, "cdktf.out", "roll");
  mkdirSync(output, { recursive: true }); // cdktf makes no folder above its own
  const environment = { ...context.environment, CDKTF_OUTDIR: output };
  const stackDirectory = join(output, "stacks", bastionApp.id);
  const synthesized = context.run({ command: APP, workingDirectory: context.directory, environment });
  if (synthesized !== 0) return synthesized;
  const terraform = (...words: readonly string[]): number =>
    context.run({
      command: [terraformProgram(environment), ...words],
      workingDirectory: stackDirectory,
      environment,
    });
  // -reconfigure: the folder may remember another backend, whose state is none of this run's business.
  const initialized = terraform("init", "-input=false", "-reconfigure");
  if (initialized !== 0) return initialized;
  return replaceEach(bastionAddresses(stackDirectory), context, terraform);
}

function replaceEach(
  addresses: readonly string[],
  { deployOptions, say }: DeployContext,
  terraform: (...words: readonly string[]) => number,
): number {
  for (const [index, address] of addresses.entries()) {
    say(`replacing bastion ${index + 1} of ${addresses.length}, ${address}; sessions on it end\n`);
    const exitCode = terraform("apply", `-replace=${address}`, ...deployOptions.map(terraformOption));
    if (exitCode !== 0) return exitCode;
  }
  return 0;
}

/** cdktf spells options with two hyphens, Terraform with one; people type either. */
function terraformOption(option: string): string {
  return option.replace(/^--/, "-");
}

/** Addresses of the bastions in the synthesized stack. */
function bastionAddresses(stackDirectory: string): string[] {
  const { resource = {} } = JSON.parse(readFileSync(join(stackDirectory, "cdk.tf.json"), "utf8")) as {
    readonly resource?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
  return Object.keys(resource["aws_instance"] ?? {}).map((name) => `aws_instance.${name}`);
}
