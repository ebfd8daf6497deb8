// The command line of connect.ts.
import { type CommandLine, type Flags, usageError } from "../command/command-line.ts";
import { quoted } from "../errors/printable.ts";
import { type SshWords, splitSshWords } from "../ssh/ssh-words.ts";
import { type BastionTarget, parseBastionTarget } from "./bastion-target.ts";
import type { RebootPolicy } from "./heal-connection.ts";

export interface ConnectArguments {
  readonly target: BastionTarget;
  /** Path of the named key; undefined for an ephemeral one. */
  readonly keyName: string | undefined;
  readonly rebootPolicy: RebootPolicy;
  /** Reboot although others have sessions on the instance. */
  readonly force: boolean;
  readonly words: SshWords;
}

export const connectFlags = {
  "os-user": "text",
  reboot: "switch",
  "no-reboot": "switch",
  force: "switch",
} as const satisfies Flags;

export const connectUsage = `Opens an ssh session on a bastion, through Session Manager.

  connect.ts <bastion> [key] [flags] [-- ssh options or command]

  <bastion>  Name tag or id of the instance; user@ before it names the OS user
  [key]      file of the private key; a pair is made if there is none.
             Without it, the key is made for this run and gone afterwards

  --os-user USER      OS user to log in as (default: ec2-user, or the image's own)
  --reboot            reboot the instance if its SSM Agent is not connected
  --no-reboot         do not, and do not ask
  --force             reboot although others have sessions on the instance
  --profile PROFILE   AWS profile
  --region REGION     AWS Region (default: AWS_REGION, the profile's, the settings')
  --quiet             tell nothing but warnings and errors
  --debug             show each AWS call with request id and time, and what is behind an error
  --version, --help

  connect.ts sandbox-dev-bastion-host my_key
  connect.ts sandbox-dev-bastion-host -- uname -a
  connect.ts sandbox-dev-bastion-host -- -L 5432:database.internal:5432 -N

Once ssh runs, its exit status is that of the command. Manual: docs/commands.md
`;

/** @throws UserError (64) */
export function parseConnectArguments(line: CommandLine): ConnectArguments {
  const [bastion, keyName, surplus] = line.positionals;
  if (bastion === undefined || bastion === "") {
    throw usageError("no bastion is named", "connect.ts <bastion> [key] [-- ssh options or command]");
  }
  if (keyName === "") throw usageError("the key's file name is empty", "leave the key out, or name a file");
  if (surplus !== undefined) {
    throw usageError(`unexpected argument ${quoted(surplus)}`, "ssh options and the remote command go after --");
  }
  return {
    target: parseBastionTarget(bastion, line.text("os-user")),
    keyName,
    rebootPolicy: parseRebootPolicy(line),
    force: line.isSet("force"),
    words: splitSshWords(line.rest ?? []),
  };
}

/** @throws UserError (64) when both are set */
export function parseRebootPolicy(line: CommandLine): RebootPolicy {
  const [always, never] = [line.isSet("reboot"), line.isSet("no-reboot")];
  if (always && never) throw usageError("cannot both reboot and not reboot", "choose --reboot or --no-reboot");
  if (always) return "always";
  return never ? "never" : "ask";
}
