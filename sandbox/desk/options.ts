// The sandbox's command line.
import { parseArgs } from "node:util";
import { ExitCode } from "../../scripts/errors/exit-code.ts";
import { UserError } from "../../scripts/errors/user-error.ts";

export const USAGE = `Deploys the isolated bastion to an AWS on this computer, and logs in to it.

usage: npm run sandbox -- [--exec COMMAND] [--sshd]

  --exec COMMAND  run this on the bastion instead of a shell, and end with its exit status
  --sshd          put the system's OpenSSH server behind port 22, where one is installed
  --help          show this

Without --exec it stays up after the shell ends, until Ctrl-C; ". .sandbox/env" in another terminal points every AWS
tool at it.

examples:
  npm run sandbox
  npm run sandbox -- --exec 'uname -a'

exit status: that of the command; 64 wrong usage, 69 something is missing on this computer, 130 Ctrl-C
`;

/** What the person wants. */
export interface SandboxOptions {
  readonly help: boolean;
  /** Runs on the bastion in place of a shell. */
  readonly command: string | undefined;
  readonly sshServer: "ssh2" | "sshd";
}

/** @throws UserError (64) for an option that there is not */
export function parseOptions(given: readonly string[]): SandboxOptions {
  try {
    const { values } = parseArgs({
      args: [...given],
      options: { exec: { type: "string" }, sshd: { type: "boolean" }, help: { type: "boolean", short: "h" } },
    });
    return { help: values.help ?? false, command: values.exec, sshServer: values.sshd === true ? "sshd" : "ssh2" };
  } catch (cause) {
    throw new UserError(`cannot read the command line: ${cause instanceof Error ? cause.message : String(cause)}`, {
      hint: "npm run sandbox -- --help",
      exitCode: ExitCode.Usage,
      cause,
    });
  }
}
