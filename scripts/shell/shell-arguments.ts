// The command line of shell.ts.
import { type BastionTarget, parseBastionTarget } from "../bastion/bastion-target.ts";
import { parseRebootPolicy } from "../bastion/connect-arguments.ts";
import type { RebootPolicy } from "../bastion/heal-connection.ts";
import { type CommandLine, type Flags, usageError } from "../command/command-line.ts";
import { quoted } from "../errors/printable.ts";

export interface ShellArguments {
  readonly target: BastionTarget;
  /** Undefined for a shell. */
  readonly command: RemoteCommand | undefined;
  /** For the account's records. */
  readonly reason: string | undefined;
  /** Undefined if the account's preferences alone decide. */
  readonly requiredEncryption: { readonly kmsKeyId: string | undefined } | undefined;
  readonly rebootPolicy: RebootPolicy;
  /** Reboot although others have sessions on the instance. */
  readonly force: boolean;
}

/** What runs instead of a shell. */
export interface RemoteCommand {
  /** For the far side's shell, as ssh takes it. */
  readonly line: string;
  /** On a terminal; its exit status is then not known. */
  readonly onTerminal: boolean;
}

export const shellFlags = {
  tty: "switch",
  reason: "text",
  encrypted: "switch",
  "kms-key": "text",
  reboot: "switch",
  "no-reboot": "switch",
  force: "switch",
} as const satisfies Flags;

export const shellUsage = `Opens a Session Manager shell on an instance: no ssh, no key, nothing but the SSM Agent.

  shell.ts <instance> [flags] [-- command]

  <instance>  Name tag or id of the instance

  --tty               run the command on a terminal: for editors and the like.
                      AWS's agent does not tell its exit status then
  --reason TEXT       why, for the account's records; at most 256 characters
  --encrypted         refuse a session that is not encrypted with a KMS key
  --kms-key KEY       refuse one that is not encrypted with this key (id or ARN)
  --reboot            reboot the instance if its SSM Agent is not connected
  --no-reboot         do not, and do not ask
  --force             reboot although others have sessions on the instance
  --profile PROFILE   AWS profile
  --region REGION     AWS Region (default: AWS_REGION, the profile's, the settings')
  --quiet             tell nothing but warnings and errors
  --debug             show each AWS call with request id and time, and what is behind an error
  --version, --help

  shell.ts sandbox-dev-bastion-host
  shell.ts sandbox-dev-bastion-host --reason "ticket 4711"
  shell.ts sandbox-dev-bastion-host -- uname -a
  shell.ts sandbox-dev-bastion-host --tty -- top

Enter ~ . leaves a session that answers no more. Manual: docs/commands.md
`;

const MAX_REASON_CHARACTERS = 256;

/** @throws UserError (64) */
export function parseShellArguments(line: CommandLine): ShellArguments {
  const [instance, surplus] = line.positionals;
  if (instance === undefined || instance === "") {
    throw usageError("no instance is named", "shell.ts <instance> [-- command]");
  }
  if (surplus !== undefined) throw usageError(`unexpected argument ${quoted(surplus)}`, "a command goes after --");
  return {
    target: parseTarget(instance),
    command: parseCommand(line),
    reason: parseReason(line),
    requiredEncryption: parseEncryption(line),
    rebootPolicy: parseRebootPolicy(line),
    force: line.isSet("force"),
  };
}

function parseTarget(instance: string): BastionTarget {
  const target = parseBastionTarget(instance, undefined);
  if (target.osUser === undefined) return target;
  throw usageError(
    `cannot use OS user ${quoted(target.osUser)}: Session Manager's own settings name the user of its shells`,
    'leave "user@" out, or log in with connect.ts; an instance whose name holds an @ goes by its id',
  );
}

function parseCommand(line: CommandLine): RemoteCommand | undefined {
  const onTerminal = line.isSet("tty");
  const words = line.rest ?? [];
  if (words.length > 0) return { line: words.join(" "), onTerminal };
  if (onTerminal) throw usageError("no command is given", "shell.ts <instance> --tty -- command");
  return undefined;
}

function parseReason(line: CommandLine): string | undefined {
  const reason = line.text("reason");
  if (reason === undefined || reason.length <= MAX_REASON_CHARACTERS) return reason;
  throw usageError(
    `cannot use a reason of ${reason.length} characters: AWS keeps ${MAX_REASON_CHARACTERS}`,
    "write a shorter one",
  );
}

function parseEncryption(line: CommandLine): ShellArguments["requiredEncryption"] {
  const kmsKeyId = line.text("kms-key");
  if (kmsKeyId?.includes("alias/") === true) {
    throw usageError(
      `cannot compare alias ${quoted(kmsKeyId)} with the key that an agent names`,
      "name the key by its id or ARN",
    );
  }
  return kmsKeyId === undefined && !line.isSet("encrypted") ? undefined : { kmsKeyId };
}
