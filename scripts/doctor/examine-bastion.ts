// Doctor: examines link after link, and prints what it finds.
import { findBastion } from "../bastion/find-bastion.ts";
import type { CommandContext } from "../command/command-context.ts";
import { untilAborted } from "../command/until-aborted.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { printable } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";
import { agentChecks } from "./agent-checks.ts";
import { type Check, type CheckResult, type Finding, broken, examineAll, unsure } from "./check.ts";
import { computerChecks } from "./computer-checks.ts";
import type { DoctorArguments } from "./doctor-arguments.ts";
import { loginChecks } from "./login-checks.ts";
import { Patient } from "./patient.ts";

/** Examines the bastion; resolves with 69 when a link is broken. */
export async function examineBastion({ target, asJson }: DoctorArguments, context: CommandContext): Promise<number> {
  const patient = new Patient(() => findBastion(target, context));
  const checks: Check[] = [
    ...computerChecks(context),
    ...agentChecks(patient, context),
    ...loginChecks({ patient, osUser: target.osUser }, context),
  ];
  const print = (text: string): void => void context.standardStreams.output.write(`${text}\n`);
  const explain = (error: unknown): Finding => explainError(error, context.signal);
  const examining = examineAll(checks, explain, (result) => {
    if (!asJson) for (const line of linesOf(result)) print(line);
  });
  const results = await untilAborted(examining, context.signal);
  const firstBroken = results.find(({ verdict }) => verdict === "broken");
  if (asJson) print(JSON.stringify({ bastion: target.word, firstBroken: firstBroken?.name ?? null, checks: results }));
  else print(firstBroken === undefined ? "nothing is broken" : `the first broken link: ${firstBroken.name}`);
  return firstBroken === undefined ? ExitCode.Success : ExitCode.Unavailable;
}

/**
 * What a person can act on breaks the link, but for a permission that only looking takes.
 *
 * @throws anything else, as it came
 */
function explainError(error: unknown, { aborted }: AbortSignal): Finding {
  if (aborted || !(error instanceof UserError)) throw error;
  const isLook = /cannot call \w[\w-]*:(Describe|Get|List|Simulate)/.test(error.message);
  if (isLook && error.exitCode === ExitCode.Denied && error.message.includes("does not allow")) {
    return unsure(`cannot look: ${error.message}`);
  }
  return broken(error.message, error.hint);
}

const MARKS: Readonly<Record<CheckResult["verdict"], string>> = {
  ok: "ok    ",
  broken: "BROKEN",
  unsure: "unsure",
  "not checked": "",
};

/** Nothing of what was not checked. */
function linesOf(result: CheckResult): string[] {
  if (result.verdict === "not checked") return [];
  const finding = `${MARKS[result.verdict]}  ${result.name}: ${printable(result.evidence)}`;
  const cure = "cure" in result ? result.cure.split("\n") : [];
  return [finding, ...cure.map((line) => `        cure: ${printable(line)}`)];
}
