// The command line of proxy.ts.
import { type CommandLine, type Flags, usageError } from "../command/command-line.ts";
import { quoted } from "../errors/printable.ts";
import { type BastionTarget, parseBastionTarget } from "./bastion-target.ts";

export interface ProxyArguments {
  readonly target: BastionTarget;
}

export const proxyFlags = { "os-user": "text" } as const satisfies Flags;

export const proxyUsage = `Carries one ssh connection to a bastion between stdin and stdout: ssh's ProxyCommand.

  proxy.ts <bastion> [flags]

  <bastion>  Name tag or id of the instance; user@ before it names the OS user

  --os-user USER      OS user that ssh logs in as (default: ec2-user, or the image's own)
  --profile PROFILE   AWS profile
  --region REGION     AWS Region (default: AWS_REGION, the profile's, the settings')
  --quiet             tell nothing but warnings and errors
  --debug             show each AWS call with request id and time, and what is behind an error
  --version, --help

It authorizes the key of the Host block that ssh-config.ts writes. To make one:

  ssh-config.ts sandbox-dev-bastion-host --write

stdout is the stream and nothing else. Manual: docs/commands.md
`;

/** @throws UserError (64) */
export function parseProxyArguments(line: CommandLine): ProxyArguments {
  const [bastion, surplus] = line.positionals;
  if (bastion === undefined || bastion === "") throw usageError("no bastion is named", "ProxyCommand proxy.ts %h");
  const unexpected = surplus ?? line.rest?.[0];
  if (unexpected !== undefined) {
    throw usageError(`unexpected argument ${quoted(unexpected)}`, "ProxyCommand proxy.ts %h: ssh itself has the rest");
  }
  return { target: parseBastionTarget(bastion, line.text("os-user")) };
}
