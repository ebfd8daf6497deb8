// Finds the one running instance that a person means.
import type { Aws, Instance, InstanceState } from "../command/aws-ports.ts";
import { nearest } from "../command/did-you-mean.ts";
import type { Terminal } from "../command/terminal.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";
import type { BastionTarget } from "./bastion-target.ts";

export interface FindBastionNeeds {
  readonly aws: Pick<Aws, "findInstancesByName" | "findInstanceById" | "listInstanceNames" | "region">;
  /** Asked when several have the name. */
  readonly terminal: Pick<Terminal, "choose"> | undefined;
}

/** An instance that starts will run in a moment. */
const USABLE: readonly InstanceState[] = ["running", "pending"];
/** Whoever opens a session may start it. */
const STARTABLE: readonly InstanceState[] = ["stopped", "stopping"];

/**
 * The running instance with that Name tag or id; a stopped one where none runs.
 *
 * @throws UserError (66) when there is none, (69) when it is going, (64) when several have the name and nobody can be asked
 */
export async function findBastion(target: BastionTarget, needs: FindBastionNeeds): Promise<Instance> {
  const found = await lookUp(target, needs);
  const running = found.filter(({ state }) => USABLE.includes(state));
  const usable = running.length > 0 ? running : found.filter(({ state }) => STARTABLE.includes(state));
  const [only, second] = usable;
  if (only === undefined) throw await notRunning(target, found, needs);
  return second === undefined ? only : pick(target, usable, needs);
}

async function lookUp({ word, instanceId }: BastionTarget, { aws }: FindBastionNeeds): Promise<Instance[]> {
  if (instanceId === undefined) return aws.findInstancesByName(word);
  const instance = await aws.findInstanceById(instanceId);
  return instance === undefined ? [] : [instance];
}

async function notRunning(
  target: BastionTarget,
  found: readonly Instance[],
  needs: FindBastionNeeds,
): Promise<UserError> {
  // A name lives on in what replaced a terminated instance, so that one tells least.
  const instance = found.find(({ state }) => state !== "terminated") ?? found[0];
  if (instance === undefined || instance.state === "terminated") return notFound(target, instance, needs);
  return new UserError(
    `cannot connect to ${quoted(target.word)}: instance ${quoted(instance.instanceId)} is ${instance.state}`,
    { hint: "is it being replaced? then run the command again in a minute", exitCode: ExitCode.Unavailable },
  );
}

async function notFound(
  { word, instanceId }: BastionTarget,
  terminated: Instance | undefined,
  { aws }: FindBastionNeeds,
): Promise<UserError> {
  const what =
    instanceId === undefined ? `no running instance has the Name tag ${quoted(word)}` : `no instance ${quoted(word)}`;
  const past = terminated === undefined ? "" : `, and ${quoted(terminated.instanceId)} is terminated`;
  const guesses = instanceId === undefined ? nearest(word, await aws.listInstanceNames()) : [];
  const guess = guesses.length > 0 ? `did you mean ${guesses.map(quoted).join(" or ")}?\n` : "";
  return new UserError(`cannot find bastion: ${what} in ${aws.region}${past}`, {
    hint: `${guess}another Region or account? see --region and --profile`,
    exitCode: ExitCode.NotFound,
  });
}

async function pick(
  { word }: BastionTarget,
  instances: readonly Instance[],
  { terminal }: FindBastionNeeds,
): Promise<Instance> {
  if (terminal !== undefined) return terminal.choose(`which ${quoted(word)}?`, instances, describe);
  const list = instances.map((instance) => `  ${describe(instance)}`).join("\n");
  throw new UserError(
    `cannot choose: ${instances.length} ${isRunning(instances) ? "running" : "stopped"} instances have the Name tag ${quoted(word)}`,
    {
      hint: `name one of them by its id:\n${list}`,
      exitCode: ExitCode.Usage,
    },
  );
}

function isRunning([first]: readonly Instance[]): boolean {
  return first !== undefined && USABLE.includes(first.state);
}

function describe({ instanceId, instanceType, availabilityZone, launchTimeMs }: Instance): string {
  return `${instanceId}  ${instanceType}  ${availabilityZone}  launched ${new Date(launchTimeMs).toISOString()}`;
}
