// Whether an instance may be rebooted: nobody else is on it, and a person says so.
import type { Aws, Instance, SessionOnInstance } from "../command/aws-ports.ts";
import type { Reporter } from "../command/reporter.ts";
import type { Terminal } from "../command/terminal.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { printable } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";
import { nameOf } from "./instance-name.ts";

/** What to do about an agent that is not connected; `ask` needs a terminal. */
export type RebootPolicy = "ask" | "always" | "never";

export interface RebootQuestion {
  readonly instance: Instance;
  readonly rebootPolicy: RebootPolicy;
  /** Reboot although others have sessions on the instance. */
  readonly force?: boolean | undefined;
}

export interface RebootNeeds {
  readonly aws: Pick<Aws, "activeSessions" | "callerArn" | "region">;
  readonly reporter: Pick<Reporter, "say" | "debug">;
  readonly terminal: Pick<Terminal, "confirm"> | undefined;
}

/** More would only fill the screen. */
const SESSIONS_LISTED = 10;

/**
 * Returns when nobody else has a session on the instance, or it is not to matter.
 *
 * @throws UserError (69) with a list of the sessions
 */
export async function refuseIfInUse(question: RebootQuestion, needs: RebootNeeds, met: Error): Promise<void> {
  const { instance, rebootPolicy, force = false } = question;
  if (force || rebootPolicy === "never") return; // the next question settles it
  const others = await otherSessions(instance, needs);
  if (others.length === 0) return;
  const list = others.slice(0, SESSIONS_LISTED).map((session) => `  ${describe(session)}`);
  const count = others.length === 1 ? "another session is" : `${others.length} other sessions are`;
  throw new UserError(
    `cannot start session: the SSM Agent of ${nameOf(instance)} is not connected, and ${count} active on it`,
    {
      hint: [...list, "a reboot would end them: ask their owners, or add --force"].join("\n"),
      exitCode: ExitCode.Unavailable,
      cause: met,
    },
  );
}

/** Those of other people; all, where it cannot be told whose they are; none, where nobody may look. */
async function otherSessions(
  { instanceId }: Instance,
  { aws, reporter }: RebootNeeds,
): Promise<readonly SessionOnInstance[]> {
  try {
    const [sessions, me] = await Promise.all([aws.activeSessions(instanceId), aws.callerArn().catch(() => undefined)]);
    return sessions.filter(({ owner }) => owner !== me);
  } catch (error) {
    reporter.debug(`cannot list sessions: ${String(error)}`);
    reporter.say(`whether others have sessions on ${instanceId} cannot be seen: it takes ssm:DescribeSessions`);
    return [];
  }
}

function describe({ sessionId, owner, startMs }: SessionOnInstance): string {
  return printable(`${owner}  since ${new Date(startMs).toISOString()}  ${sessionId}`);
}

/**
 * Returns when the instance may be rebooted.
 *
 * @throws UserError (69) when it may not
 */
export async function askForReboot(
  { instance, rebootPolicy }: RebootQuestion,
  { aws, reporter, terminal }: RebootNeeds,
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
