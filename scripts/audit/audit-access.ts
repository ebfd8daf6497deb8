// Audit: reads the records of one Region, joins them, and prints what has happened.
import { isInstanceId } from "../bastion/bastion-target.ts";
import type { Aws } from "../command/aws-ports.ts";
import type { CommandContext } from "../command/command-context.ts";
import { untilAborted } from "../command/until-aborted.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";
import { joinAccess } from "./access.ts";
import { tableOf } from "./access-table.ts";
import type { AuditArguments } from "./audit-arguments.ts";
import { momentOf } from "./since.ts";

type AuditContext = Pick<CommandContext, "clock" | "reporter" | "signal" | "standardStreams"> & {
  readonly aws: Pick<Aws, "findInstancesByName" | "recordedCalls" | "rememberedSessions" | "region">;
};

/** Prints the table, or the JSON; resolves with 0. */
export async function auditAccess(
  { bastion, since, asJson }: AuditArguments,
  { aws, clock, reporter, signal, standardStreams }: AuditContext,
): Promise<number> {
  const nowMs = clock.now();
  const fromMs = momentOf(since, nowMs);
  const instanceIds = bastion === undefined ? undefined : await untilAborted(instanceIdsOf(bastion, aws), signal);
  const endWait = reporter.wait("reading the records of CloudTrail and Session Manager");
  const reading = Promise.all([aws.recordedCalls(fromMs, signal), aws.rememberedSessions(fromMs)]);
  const [calls, sessions] = await untilAborted(reading, signal).finally(endWait);
  const accesses = joinAccess({ calls, sessions, nowMs }).filter(
    ({ instanceId }) => instanceIds === undefined || (instanceId !== null && instanceIds.includes(instanceId)),
  );
  const sinceText = new Date(fromMs).toISOString();
  const lines = asJson
    ? [JSON.stringify({ region: aws.region, since: sinceText, accesses }, undefined, 2)]
    : tableOf(accesses);
  standardStreams.output.write(lines.map((line) => `${line}\n`).join(""));
  if (accesses.length === 0) reporter.say(`nobody has opened a session or sent a key since ${sinceText}`);
  if (accesses.some(({ from }) => from === null))
    reporter.say("? in FROM: CloudTrail does not know the call yet; it takes up to 15 min");
  return ExitCode.Success;
}

/**
 * All that have or had the name, as long as EC2 remembers them; an id is taken as it is, since an instance may be gone.
 *
 * @throws UserError (66)
 */
async function instanceIdsOf(
  bastion: string,
  aws: Pick<Aws, "findInstancesByName" | "region">,
): Promise<readonly string[]> {
  if (isInstanceId(bastion)) return [bastion];
  const instances = await aws.findInstancesByName(bastion);
  if (instances.length > 0) return instances.map((instance) => instance.instanceId);
  throw new UserError(`cannot find bastion: no instance has the Name tag ${quoted(bastion)} in ${aws.region}`, {
    hint: "EC2 forgets terminated instances after an hour: name one by its id, or leave the name out\nanother Region or account? see --region and --profile",
    exitCode: ExitCode.NotFound,
  });
}
