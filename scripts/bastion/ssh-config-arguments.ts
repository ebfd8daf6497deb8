// The command line of ssh-config.ts.
import { type CommandLine, type Flags, usageError } from "../command/command-line.ts";
import { type BastionTarget, parseBastionTarget } from "./bastion-target.ts";

export interface SshConfigArguments {
  readonly targets: readonly BastionTarget[];
  /** `print` changes nothing. */
  readonly action: "print" | "write" | "remove";
  /** Path of the configuration; undefined for the person's own, `~/.ssh/config`. */
  readonly file: string | undefined;
}

export const sshConfigFlags = {
  "os-user": "text",
  file: "text",
  write: "switch",
  remove: "switch",
} as const satisfies Flags;

export const sshConfigUsage = `Prints or installs the Host blocks by which plain ssh, scp, rsync, git and editors reach bastions.

  ssh-config.ts <bastion>... [flags]

  <bastion>  Name tag or id of the instance: what is written after "ssh" from then on.
             user@ before it names the OS user

  --write             put the blocks into ~/.ssh/config, which is kept as it was beside it
  --remove            take them out again
  --file FILE         use this file instead of ~/.ssh/config
  --os-user USER      OS user to log in as (default: ec2-user, or the image's own)
  --profile PROFILE   AWS profile; written into the block
  --region REGION     AWS Region (default: AWS_REGION, the profile's, the settings'); written into the block
  --quiet             tell nothing but warnings and errors
  --version, --help

  ssh-config.ts sandbox-dev-bastion-host
  ssh-config.ts sandbox-dev-bastion-host --write

AWS is not asked. Manual: docs/commands.md
`;

/** @throws UserError (64) */
export function parseSshConfigArguments(line: CommandLine): SshConfigArguments {
  const [first] = line.positionals;
  if (first === undefined) throw usageError("no bastion is named", "ssh-config.ts <bastion>... [--write]");
  if (line.rest !== undefined) throw usageError('nothing goes after "--"', "name the bastions before it");
  const [write, remove] = [line.isSet("write"), line.isSet("remove")];
  if (write && remove) throw usageError("cannot both write and remove", "choose --write or --remove");
  const file = line.text("file");
  if (file !== undefined && !write && !remove) throw usageError("--file is of no use without --write", "add --write");
  return {
    targets: line.positionals.map((word) => parseBastionTarget(word, line.text("os-user"))),
    action: write ? "write" : remove ? "remove" : "print",
    file,
  };
}
