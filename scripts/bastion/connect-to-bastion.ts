// Runs ssh on a bastion.
import type { CommandContext } from "../command/command-context.ts";
import { sshArguments } from "../ssh/ssh-arguments.ts";
import type { ConnectArguments } from "./connect-arguments.ts";
import { logIn } from "./log-in.ts";

/**
 * Connects; resolves with ssh's own exit status.
 *
 * @throws UserError for what a person can act on, or the signal's reason
 */
export function connectToBastion(given: ConnectArguments, context: CommandContext): Promise<number> {
  const argumentsFor = sshArguments.bind(undefined, given.words);
  return logIn(given, { program: "ssh", argumentsFor }, context);
}
