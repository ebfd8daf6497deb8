// The one place where an error names doctor, as the command that looks for its cause.
import { ExitCode } from "../errors/exit-code.ts";
import { MissingRuleError } from "../errors/missing-rule-error.ts";
import { SandboxNotRunningError } from "../errors/sandbox-not-running-error.ts";
import { UserError } from "../errors/user-error.ts";
import { shellQuote } from "../ssh/shell-quote.ts";
import type { CommandLine } from "./command-line.ts";

/** What is broken between a person and a bastion ends with one of these. */
const EXAMINED: readonly ExitCode[] = [ExitCode.Unavailable, ExitCode.Denied];

/**
 * The error, with doctor in its hint where doctor could find out more.
 *
 * @param bastion - as a person names it; undefined where the command is about none
 */
export function pointToDoctor(error: unknown, line: CommandLine, bastion: string | undefined): unknown {
  if (bastion === undefined || !(error instanceof UserError) || !EXAMINED.includes(error.exitCode)) return error;
  if (error instanceof MissingRuleError || error instanceof SandboxNotRunningError) return error;
  const place = (["profile", "region"] as const).flatMap((flag) => {
    const value = line.text(flag);
    return value === undefined ? [] : [`--${flag}`, value];
  });
  const command = ["./scripts/doctor.ts", bastion, ...place].map(shellQuote).join(" ");
  return error.withHint(`which link to it is broken: ${command}`);
}
