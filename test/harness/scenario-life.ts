// The life of one scenario's stacks in the sandbox: applied by the real Terraform, planned again, destroyed.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Endpoint } from "../../sandbox/sandbox.ts";
import { runApp, type AppPlan } from "../../stacks/run-app.ts";
import type { Person } from "./run-command.ts";

export interface LifeOptions {
  readonly app: AppPlan;
  /** Content of the settings file. */
  readonly settings: object;
  readonly endpoint: Endpoint;
  readonly person: Person;
  /** A folder for this scenario alone; made. */
  readonly directory: string;
  /** What Terraform needs to meet the sandbox. */
  readonly environment: Readonly<Record<string, string>>;
  /** Tries what is deployed; resolves with what went wrong. */
  readonly trial?: (() => Promise<readonly string[]>) | undefined;
}

/** How it went; the sound scenario's are `soundLife`. */
export interface Life {
  /** Bastions with which no session could be started, with what was in the way. */
  readonly offline: readonly string[];
  /** What its trial met. */
  readonly trouble: readonly string[];
  /** What a second plan would change: `aws_vpc.network_vpc: update`. */
  readonly changes: readonly string[];
  /** What Terraform still had in its state after `destroy`. */
  readonly left: readonly string[];
}

export const soundLife: Life = { offline: [], trouble: [], changes: [], left: [] };

const TERRAFORM_LIMIT_MS = 400_000;
const ONLINE_LIMIT_MS = 60_000;

interface PlannedChange {
  readonly address: string;
  readonly change: { readonly actions: readonly string[] };
}

/**
 * Lives it.
 *
 * @throws Error with Terraform's own words when a step of its fails
 */
export async function live(options: LifeOptions): Promise<Life> {
  const stacks = synthesizeAll(options);
  for (const stack of stacks) {
    await terraform(stack, ["init"], options);
    await terraform(stack, ["apply", "-auto-approve"], options);
  }
  const offline = await offlineBastions(stacks, options);
  const trouble = (await options.trial?.()) ?? [];
  const changes: string[] = [];
  for (const stack of stacks) changes.push(...(await plannedChanges(stack, options)));
  const left: string[] = [];
  for (const stack of stacks.toReversed()) left.push(...(await destroyed(stack, options)));
  return { offline, trouble, changes, left };
}

/** Folders of the stacks, each behind those that it reads. */
function synthesizeAll({ app, settings, directory }: LifeOptions): string[] {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "dev.tfvars.json"), JSON.stringify(settings));
  const outputDirectory = join(directory, "cdktf.out");
  let complaint = "";
  const exitCode = runApp(app, {
    directory,
    environment: { STATE_BACKEND: "local" },
    complain: (text) => (complaint += text),
    outputDirectory,
  });
  if (exitCode !== 0) throw new RangeError(complaint);
  const { stacks } = JSON.parse(readFileSync(join(outputDirectory, "manifest.json"), "utf8")) as Manifest;
  return inOrder(stacks).map((id) => join(outputDirectory, "stacks", id));
}

interface Manifest {
  readonly stacks: Readonly<Record<string, { readonly dependencies?: readonly string[] }>>;
}

function inOrder(stacks: Manifest["stacks"]): string[] {
  const behind = (id: string): string[] => [...(stacks[id]?.dependencies ?? []).flatMap(behind), id];
  return [...new Set(Object.keys(stacks).flatMap(behind))];
}

async function offlineBastions(stacks: readonly string[], options: LifeOptions): Promise<string[]> {
  const ids: string[] = [];
  for (const stack of stacks) {
    const outputs = JSON.parse(await terraform(stack, ["output", "-json"], options)) as Record<
      string,
      { value: unknown }
    >;
    ids.push(...((outputs["instance_ids"]?.value ?? []) as string[]));
  }
  const found = await Promise.all(ids.map((id) => offlineReason(id, options.endpoint)));
  return found.flat();
}

async function offlineReason(instanceId: string, { nodes }: Endpoint): Promise<string[]> {
  const deadline = performance.now() + ONLINE_LIMIT_MS;
  for (;;) {
    const connection = await nodes.connection(instanceId);
    if (connection.connected) return [];
    if (performance.now() > deadline) return [`${instanceId}: ${connection.reason}`];
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function plannedChanges(stack: string, options: LifeOptions): Promise<string[]> {
  const file = join(stack, "second-plan");
  await terraform(stack, ["plan", `-out=${file}`], options);
  const plan = JSON.parse(await terraform(stack, ["show", "-json", file], options)) as {
    readonly resource_changes?: readonly PlannedChange[];
  };
  return (plan.resource_changes ?? [])
    .filter(({ change }) => !["no-op", "read"].includes(change.actions.join()))
    .map(({ address, change }) => `${address}: ${change.actions.join()}`);
}

async function destroyed(stack: string, options: LifeOptions): Promise<string[]> {
  if (giveUpWhatIsKept(stack)) await terraform(stack, ["apply", "-auto-approve"], options);
  await terraform(stack, ["destroy", "-auto-approve"], options);
  const listed = await terraform(stack, ["state", "list"], options);
  return listed.split("\n").filter((line) => line !== "" && !line.startsWith("data."));
}

/**
 * Terraform refuses to destroy what the stack keeps for ever; whoever means it takes `prevent_destroy` out, as here. What
 * AWS protects from being deleted must be applied without it first: then the answer is true.
 */
function giveUpWhatIsKept(stack: string): boolean {
  const file = join(stack, "cdk.tf.json");
  const text = readFileSync(file, "utf8");
  const unprotected = text.replaceAll('"deletion_protection": true', '"deletion_protection": false');
  writeFileSync(file, unprotected.replaceAll('"prevent_destroy": true', '"prevent_destroy": false'));
  return unprotected !== text;
}

async function terraform(
  stack: string,
  [command = "", ...words]: readonly string[],
  { person, environment }: LifeOptions,
): Promise<string> {
  const input = ["init", "apply", "plan", "destroy"].includes(command) ? ["-input=false"] : [];
  const colour = command === "state" || command === "output" ? [] : ["-no-color"];
  const { status, stdout, stderr } = await person.run("terraform", [command, ...input, ...colour, ...words], {
    workingDirectory: stack,
    environment,
    timeLimitMs: TERRAFORM_LIMIT_MS,
  });
  if (status !== 0) throw new Error(`terraform ${command} ended with ${status ?? "a signal"}:\n${stderr || stdout}`);
  return stdout;
}
