// Starts a session, and where the SSM Agent is not connected waits for it, or reboots the instance, with leave.
import { type Clock, sleep } from "../../session-manager/clock.ts";
import type { Aws, Instance, StartSessionRequest, StartedSession } from "../command/aws-ports.ts";
import type { Reporter } from "../command/reporter.ts";
import type { Terminal } from "../command/terminal.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { quoted } from "../errors/printable.ts";
import { TargetNotConnectedError } from "../errors/target-not-connected-error.ts";
import { UserError } from "../errors/user-error.ts";

/** What to do about an agent that is not connected; `ask` needs a terminal. */
export type RebootPolicy = "ask" | "always" | "never";

export interface HealingNeeds {
  readonly aws: Pick<Aws, "startSession" | "connectionStatus" | "rebootInstance" | "region">;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly reporter: Pick<Reporter, "say" | "wait">;
  readonly terminal: Pick<Terminal, "confirm"> | undefined;
}

export interface HealingRequest {
  readonly instance: Instance;
  readonly session: StartSessionRequest;
  readonly rebootPolicy: RebootPolicy;
}

/** The SSM Agent of a fresh Amazon Linux registers within two minutes; one that sleeps after a failed call takes longer. */
const YOUNG_MS = 5 * 60_000;
/** Shutting down, booting, registering: one to three minutes on a t3.nano. */
const REBOOT_LIMIT_MS = 6 * 60_000;
const POLL_MS = 2_000;
/** The status may be ahead of what StartSession knows. */
const START_AFTER_CONNECTED_LIMIT_MS = 20_000;

/**
 * The started session, healed if need be.
 *
 * @throws UserError (69) when the agent stays offline, or may not be rebooted
 */
export async function startSessionHealing(request: HealingRequest, needs: HealingNeeds): Promise<StartedSession> {
  try {
    return await needs.aws.startSession(request.session);
  } catch (error) {
    if (!(error instanceof TargetNotConnectedError)) throw error;
    return await heal(request, needs, error);
  }
}

async function heal(request: HealingRequest, needs: HealingNeeds, met: Error): Promise<StartedSession> {
  const { instance } = request;
  const youthLeftMs = YOUNG_MS - instance.ageMs;
  if (youthLeftMs > 0) {
    const waiting = `${nameOf(instance)} has just been launched; waiting for its SSM Agent`;
    if (await isConnectedWithin(youthLeftMs, waiting, request, needs)) return startOnceConnected(request, needs);
  }
  await askForReboot(request, needs, met);
  await needs.aws.rebootInstance(instance.instanceId);
  const waiting = `rebooted ${nameOf(instance)}; waiting for its SSM Agent`;
  if (await isConnectedWithin(REBOOT_LIMIT_MS, waiting, request, needs)) return startOnceConnected(request, needs);
  throw new UserError(`cannot start session: ${nameOf(instance)} was rebooted and did not connect within 6 min`, {
    hint: "look at its system log, its role and its endpoints: docs/commands.md lists what keeps an agent offline",
    exitCode: ExitCode.Unavailable,
    cause: met,
  });
}

/** Returns when the instance may be rebooted. */
async function askForReboot(
  { instance, rebootPolicy }: HealingRequest,
  { aws, reporter, terminal }: HealingNeeds,
  met: Error,
): Promise<void> {
  if (rebootPolicy === "always") return;
  const where = `account ${instance.accountId}, ${aws.region}`;
  const refusal = (reason: string, hint: string): UserError =>
    new UserError(`cannot start session: the SSM Agent of ${nameOf(instance)} is not connected, and ${reason}`, {
      hint,
      exitCode: ExitCode.Unavailable,
      cause: met,
    });
  if (rebootPolicy === "never") throw refusal("--no-reboot is set", "a reboot is what mends it most often: --reboot");
  if (terminal === undefined) throw refusal(`nobody can be asked`, `reboot it (${where}) with --reboot`);
  reporter.say(`the SSM Agent of ${nameOf(instance)} is not connected, and a reboot is what mends it most often`);
  const question = `reboot ${nameOf(instance)} in ${where}? what runs on it ends.`;
  if (!(await terminal.confirm(question))) throw refusal("it was not to be rebooted", "run the command again later");
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

function nameOf({ instanceId, name }: Instance): string {
  return name === undefined ? quoted(instanceId) : `${quoted(name)} (${instanceId})`;
}
