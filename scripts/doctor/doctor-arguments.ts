// The command line of doctor.ts.
import { type BastionTarget, parseBastionTarget } from "../bastion/bastion-target.ts";
import { type CommandLine, type Flags, usageError } from "../command/command-line.ts";
import { quoted } from "../errors/printable.ts";

export interface DoctorArguments {
  readonly target: BastionTarget;
  readonly asJson: boolean;
}

export const doctorFlags = { "os-user": "text", json: "switch" } as const satisfies Flags;

export const doctorUsage = `Walks the chain from this computer to a bastion, and says which link is broken, with evidence and cure.

  doctor.ts <bastion> [flags]

  <bastion>  Name tag or id of the instance; user@ before it names the OS user

  --os-user USER      OS user to ask about (default: ec2-user, or the image's own)
  --json              one JSON document instead of lines
  --profile PROFILE   AWS profile
  --region REGION     AWS Region (default: AWS_REGION, the profile's, the settings')
  --quiet             tell nothing but warnings and errors
  --debug             show each AWS call with request id and time
  --version, --help

  doctor.ts sandbox-dev-bastion-host

It changes nothing but this: it opens a session and ends it, and authorizes a key that nobody has, for 60 s.
Exit status: 0 nothing is broken, 69 something is. Manual: docs/commands.md
`;

/** @throws UserError (64) */
export function parseDoctorArguments(line: CommandLine): DoctorArguments {
  const [bastion, surplus] = line.positionals;
  if (bastion === undefined || bastion === "") throw usageError("no bastion is named", "doctor.ts <bastion>");
  const unexpected = surplus ?? line.rest?.[0];
  if (unexpected !== undefined) throw usageError(`unexpected argument ${quoted(unexpected)}`, "doctor.ts <bastion>");
  return { target: parseBastionTarget(bastion, line.text("os-user")), asJson: line.isSet("json") };
}
