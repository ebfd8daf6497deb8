// Which document and parameters a shell or a command is started with, and what ends a shell's input.
import type { Instance, StartSessionRequest } from "../command/aws-ports.ts";
import { shellQuote } from "../ssh/shell-quote.ts";
import type { ShellArguments } from "./shell-arguments.ts";

type Target = Pick<Instance, "instanceId" | "isWindows">;

/** AWS's documents, as AWS describes them; none is the account's own, for a shell. */
export function sessionRequest(
  target: Target,
  { command, reason }: Pick<ShellArguments, "command" | "reason">,
): StartSessionRequest {
  const { instanceId } = target;
  if (command === undefined) return { instanceId, documentName: undefined, parameters: {}, reason };
  if (command.onTerminal) {
    const documentName = "AWS-StartInteractiveCommand";
    return { instanceId, documentName, parameters: { command: [command.line] }, reason };
  }
  // Only where the outputs are separate does the agent tell the exit code, and what is written as it is written.
  const parameters = { command: [withShell(command.line, target)], separateOutputStream: ["true"] };
  return { instanceId, documentName: "AWS-StartNonInteractiveCommand", parameters, reason };
}

/** What is typed where the input ends: a terminal knows no end of file, but its shell knows Ctrl-D at a line's start. */
export function endOfInput({ isWindows }: Pick<Instance, "isWindows">): string {
  return isWindows ? "exit\r" : "\u0004";
}

/** The agent splits a line into words and runs them without a shell, where ssh would have one. */
function withShell(line: string, { isWindows }: Target): string {
  return isWindows ? line : `sh -c ${shellQuote(line)}`;
}
