// Starts a stopped instance, if a person says so.
import { type Clock, sleep } from "../../session-manager/clock.ts";
import type { Aws, Instance } from "../command/aws-ports.ts";
import type { Reporter } from "../command/reporter.ts";
import type { Terminal } from "../command/terminal.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";
import { nameOf } from "./instance-name.ts";

export interface StartingNeeds {
  readonly aws: Pick<Aws, "startInstance" | "findInstanceById" | "region">;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly reporter: Pick<Reporter, "wait">;
  readonly terminal: Pick<Terminal, "confirm"> | undefined;
}

/** EC2 takes seconds to start an instance, and up to some minutes to stop one first. */
const LIMIT_MS = 5 * 60_000;
const POLL_MS = 2_000;

/** Whether it could run again, but does not. */
export function isStopped({ state }: Instance): boolean {
  return state === "stopped" || state === "stopping";
}

/**
 * The instance, running.
 *
 * @throws UserError (69) when nobody can be asked, the answer is no, or it does not run within 5 minutes
 */
export async function startStopped(instance: Instance, needs: StartingNeeds): Promise<Instance> {
  await askForStart(instance, needs);
  const { aws, clock, signal, reporter } = needs;
  const deadline = clock.now() + LIMIT_MS;
  const stopWaiting = reporter.wait(`starting ${nameOf(instance)}, at most 5 min`);
  let hasStarted = false;
  try {
    for (let now: Instance | undefined = instance; clock.now() < deadline;) {
      if (now?.state === "running") return now;
      if (now === undefined || now.state === "terminated" || now.state === "shutting-down") break;
      if (now.state === "stopped" && !hasStarted) await aws.startInstance(instance.instanceId);
      hasStarted ||= now.state === "stopped"; // one that is stopping cannot be started yet
      await sleep(POLL_MS, clock, signal);
      now = await aws.findInstanceById(instance.instanceId);
    }
  } finally {
    stopWaiting();
  }
  throw refusal(instance, needs, "it did not run within 5 min");
}

async function askForStart(instance: Instance, needs: StartingNeeds): Promise<void> {
  const { aws, terminal } = needs;
  if (terminal === undefined) throw refusal(instance, needs);
  const question = `${nameOf(instance)} is ${instance.state}. start it in account ${instance.accountId}, ${aws.region}?`;
  if (!(await terminal.confirm(question))) throw refusal(instance, needs, "it was not to be started");
}

function refusal({ instanceId, name, state }: Instance, { aws }: StartingNeeds, why?: string): UserError {
  const met = why === undefined ? `is ${state}` : `is ${state}, and ${why}`;
  return new UserError(`cannot connect to ${quoted(name ?? instanceId)}: instance ${quoted(instanceId)} ${met}`, {
    hint: `aws ec2 start-instances --region ${aws.region} --instance-ids ${instanceId}`,
    exitCode: ExitCode.Unavailable,
  });
}
