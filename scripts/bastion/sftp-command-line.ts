// The command line of sftp.ts.
import { type CommandLine, type Flags, usageError } from "../command/command-line.ts";
import { quoted } from "../errors/printable.ts";
import { splitSftpWords } from "../ssh/ssh-words.ts";
import { type ConnectArguments, connectFlags, parseConnectArguments } from "./connect-arguments.ts";

export type SftpArguments = ConnectArguments;

export const sftpFlags = connectFlags satisfies Flags;

export const sftpUsage = `Transfers files to and from a bastion with sftp, through Session Manager.

  sftp.ts <bastion> [key] [flags] [-- sftp options and remote path]

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

  sftp.ts sandbox-dev-bastion-host
  sftp.ts sandbox-dev-bastion-host -- /var/log
  echo "put report.csv" | sftp.ts sandbox-dev-bastion-host -- -b -

Once sftp runs, its exit status is that of the command. Manual: docs/commands.md
`;

/** @throws UserError (64) */
export function parseSftpArguments(line: CommandLine): SftpArguments {
  const words = splitSftpWords(line.rest ?? []);
  const [, surplus] = words.command;
  if (surplus !== undefined) {
    throw usageError(`unexpected argument ${quoted(surplus)}`, "sftp takes one remote path; more is for its prompt");
  }
  return { ...parseConnectArguments({ ...line, rest: [] }), words };
}
