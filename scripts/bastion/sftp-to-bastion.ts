// Runs sftp on a bastion.
import type { CommandContext } from "../command/command-context.ts";
import { sftpArguments } from "../ssh/sftp-arguments.ts";
import { logIn } from "./log-in.ts";
import type { SftpArguments } from "./sftp-command-line.ts";

/**
 * Transfers files; resolves with sftp's own exit status.
 *
 * @throws UserError for what a person can act on, or the signal's reason
 */
export function sftpToBastion(given: SftpArguments, context: CommandContext): Promise<number> {
  const argumentsFor = sftpArguments.bind(undefined, given.words);
  return logIn(given, { program: "sftp", argumentsFor }, context);
}
