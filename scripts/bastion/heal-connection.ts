// Starts a session, and where the SSM Agent is not connected waits for it, starts the instance or reboots it, with leave.
import { type Clock, sleep } from "../../session-manager/clock.ts";
import type { Aws, Instance, StartSessionRequest, StartedSession } from "../command/aws-ports.ts";
import type { Reporter } from "../command/reporter.ts";
import type { Terminal } from "../command/terminal.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { TargetNotConnectedError } from "../errors/target-not-connected-error.ts";
import { UserError } from "../errors/user-error.ts";
import { HealingLease } from "./healing-lease.ts";
import { nameOf } from "./instance-name.ts";
import { type RebootPolicy, askForReboot, refuseIfInUse } from "./may-reboot.ts";
import { isStopped, startStopped } from "./start-stopped.ts";

export type { RebootPolicy } from "./may-reboot.ts";

export interface HealingNeeds {
  readonly aws: Pick<
    Aws,
    | "startSession"
    | "connectionStatus"
    | "rebootInstance"
    | "startInstance"
    | "findInstanceById"
    | "activeSessions"
    | "callerArn"
    | "readTags"
    | "addTag"
    | "removeTag"
    | "region"
  >;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly reporter: Pick<Reporter, "say" | "wait" | "debug">;
  readonly terminal: Pick<Terminal, "confirm"> | undefined;
}

export interface HealingRequest {
  readonly instance: Instance;
  readonly session: StartSessionRequest;
  readonly rebootPolicy: RebootPolicy;
  /** Reboot although others have sessions on the instance. */
  readonly force?: boolean | undefined;
}

/** The SSM Agent of a fresh Amazon Linux registers within two minutes; one that sleeps after a failed call takes longer. */
const YOUNG_MS = 5 * 60_000;
/** Shutting down, booting, registering: one to three minutes on a t3.nano. */
const REBOOT_LIMIT_MS = 6 * 60_000;
const POLL_MS = 2_000;
/** The status may be ahead of what StartSession knows. */
const START_AFTER_CONNECTED_LIMIT_MS = 20_000;

/**
 * The started session, healed if need be: a stopped instance is started, a young one waited for, any other rebooted, and
 * a person is asked before either of what changes something.
 *
 * @throws UserError (69) when the agent stays offline, or nothing may be done about it
 */
export async function startSessionHealing(request: HealingRequest, needs: HealingNeeds): Promise<StartedSession> {
  if (isStopped(request.instance)) return startSessionHealing(await started(request, needs), needs);
  try {
    return await needs.aws.startSession(request.session);
  } catch (error) {
    if (!(error instanceof TargetNotConnectedError)) throw error;
    return await heal(request, needs, error);
  }
}

async function started(request: HealingRequest, needs: HealingNeeds): Promise<HealingRequest> {
  return { ...request, instance: await startStopped(request.instance, needs) };
}

async function heal(request: HealingRequest, needs: HealingNeeds, met: Error): Promise<StartedSession> {
  const { instance } = request;
  const youthLeftMs = YOUNG_MS - instance.ageMs;
  if (youthLeftMs > 0) {
    const waiting = `${nameOf(instance)} has just been launched; waiting for its SSM Agent`;
    if (await isConnectedWithin(youthLeftMs, waiting, request, needs)) return startOnceConnected(request, needs);
  }
  if (await isHealedByReboot(request, needs, met)) return startOnceConnected(request, needs);
  throw new UserError(`cannot start session: ${nameOf(instance)} was rebooted and did not connect within 6 min`, {
    hint: "something else keeps its agent offline: docs/commands.md lists what can",
    exitCode: ExitCode.Unavailable,
    cause: met,
  });
}

/** Reboots once, whoever else heals the same instance at this moment, and waits; false when the time is up. */
async function isHealedByReboot(request: HealingRequest, needs: HealingNeeds, met: Error): Promise<boolean> {
  const { instance } = request;
  await refuseIfInUse(request, needs, met);
  await askForReboot(request, needs, met);
  const lease = new HealingLease(instance.instanceId, needs);
  const isOurs = await lease.take(REBOOT_LIMIT_MS);
  try {
    if (isOurs) await needs.aws.rebootInstance(instance.instanceId);
    const done = isOurs ? "rebooted" : "another command is rebooting";
    const waiting = `${done} ${nameOf(instance)}; waiting for its SSM Agent`;
    return await isConnectedWithin(REBOOT_LIMIT_MS, waiting, request, needs);
  } finally {
    if (isOurs) await lease.giveBack();
  }
}

/** Polls until the connection status is `connected`; false when the time is up. */
async function isConnectedWithin(
  limitMs: number,
  waiting: string,
  { instance }: HealingRequest,
  { aws, clock, signal, reporter }: HealingNeeds,
): Promise<boolean> {
  const deadline = clock.now() + limitMs;
  const stopWaiting = reporter.wait(`${waiting}, at most ${Math.ceil(limitMs / 60_000)} min`);
  try {
    while (clock.now() < deadline) {
      await sleep(POLL_MS, clock, signal);
      if ((await aws.connectionStatus(instance.instanceId)) === "connected") return true;
    }
    return false;
  } finally {
    stopWaiting();
  }
}

async function startOnceConnected(
  request: HealingRequest,
  { aws, clock, signal }: HealingNeeds,
): Promise<StartedSession> {
  const deadline = clock.now() + START_AFTER_CONNECTED_LIMIT_MS;
  for (;;) {
    try {
      return await aws.startSession(request.session);
    } catch (error) {
      if (!(error instanceof TargetNotConnectedError) || clock.now() >= deadline) throw error;
      await sleep(POLL_MS, clock, signal);
    }
  }
}
