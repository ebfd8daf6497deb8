// The sandbox's command line.
import { parseArgs } from "node:util";
import { ExitCode } from "../../scripts/errors/exit-code.ts";
import { UserError } from "../../scripts/errors/user-error.ts";

export const USAGE = `Deploys the isolated bastion to an AWS on this computer, and logs in to it.

usage: npm run sandbox -- [--database] [--exec COMMAND] [--sshd] [--paced] [--port PORT] [--directory DIRECTORY]

  --database      deploy database.tfvars.json, with a real PostgreSQL as RDS behind the bastion
  --exec COMMAND  run this on the bastion instead of a shell, and end with its exit status
  --sshd          put the system's OpenSSH server behind port 22, where one is installed
  --paced         send as slowly as the real SSM Agent: 1,024 bytes a millisecond in each session
  --port PORT     listen on this loopback port (default: any that is free)
  --directory DIRECTORY
                  keep what it makes here (default: .sandbox in the checkout)
  --help          show this

Without --exec it stays up after the shell ends, until Ctrl-C; ". .sandbox/env" in another terminal points every AWS
tool at it.

examples:
  npm run sandbox
  npm run sandbox -- --exec 'uname -a'
  npm run sandbox -- --database

exit status: that of the command; 64 wrong usage, 69 something is missing on this computer, 130 Ctrl-C
`;

/** What the person wants. */
export interface SandboxOptions {
  readonly help: boolean;
  /** Whether there is to be a database behind the bastion. */
  readonly database: boolean;
  /** Runs on the bastion in place of a shell. */
  readonly command: string | undefined;
  readonly sshServer: "ssh2" | "sshd";
  /** Whether the agents wait a millisecond after each message, as the real one does. */
  readonly paced: boolean;
  /** Loopback port of the endpoint; 0 is any that is free. */
  readonly port: number;
  /** As it was written; undefined is the checkout's own. */
  readonly directory: string | undefined;
}

/** @throws UserError (64) for an option that there is not, or a value that it cannot have */
export function parseOptions(given: readonly string[]): SandboxOptions {
  const values = readValues(given);
  // A real sshd opens connections itself, and knows no names but this computer's.
  if (values.database === true && values.sshd === true) throw cannotRead("--database and --sshd do not go together");
  return {
    help: values.help ?? false,
    database: values.database ?? false,
    command: values.exec,
    sshServer: values.sshd === true ? "sshd" : "ssh2",
    paced: values.paced ?? false,
    port: readPort(values.port),
    directory: values.directory,
  };
}

const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;
const options = {
  database: flag,
  exec: text,
  sshd: flag,
  paced: flag,
  port: text,
  directory: text,
  help: { ...flag, short: "h" },
} as const;

// The type is whatever parseArgs makes of the table above.
function readValues(given: readonly string[]) {
  try {
    return parseArgs({ args: [...given], options }).values;
  } catch (cause) {
    throw cannotRead(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function readPort(word: string | undefined): number {
  if (word === undefined) return 0;
  const port = /^\d{1,5}$/.test(word) ? Number(word) : Number.NaN;
  if (port >= 0 && port <= 65_535) return port;
  throw cannotRead(`"${word}" is no port: 0 to 65535`);
}

function cannotRead(met: string, cause?: unknown): UserError {
  return new UserError(`cannot read the command line: ${met}`, {
    hint: "npm run sandbox -- --help",
    exitCode: ExitCode.Usage,
    cause,
  });
}
