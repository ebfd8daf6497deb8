// The command line of audit.ts.
import { type CommandLine, type Flags, usageError } from "../command/command-line.ts";
import { quoted } from "../errors/printable.ts";
import { parseSince, type Since } from "./since.ts";

export interface AuditArguments {
  /** Name tag or instance id; undefined for all there is in the Region. */
  readonly bastion: string | undefined;
  readonly since: Since;
  readonly asJson: boolean;
}

export const auditFlags = { since: "text", json: "switch" } as const satisfies Flags;

export const auditUsage = `Says who has opened which session, or sent which key, to which instance, from where, and for how long.

  audit.ts [bastion] [flags]

  [bastion]  Name tag or id of the instance (default: all that is in the Region)

  --since WHEN        24h, 30m, 7d, or a day: 2026-11-27 (default: 24h; at most 90d)
  --json              one JSON document instead of a table
  --profile PROFILE   AWS profile
  --region REGION     AWS Region (default: AWS_REGION, the profile's, the settings')
  --quiet             tell nothing but warnings and errors
  --debug             show each AWS call with request id and time
  --version, --help

  audit.ts sandbox-dev-bastion-host
  audit.ts --since 7d --json

Exit status: 0, also where there is nothing to tell; 66 no such instance, 77 not allowed. Manual: docs/commands.md
`;

/** @throws UserError (64) */
export function parseAuditArguments(line: CommandLine): AuditArguments {
  const [bastion, surplus] = line.positionals;
  const unexpected = surplus ?? line.rest?.[0];
  if (unexpected !== undefined) throw usageError(`unexpected argument ${quoted(unexpected)}`, "audit.ts [bastion]");
  if (bastion === "") throw usageError("the bastion's name is empty", "audit.ts [bastion]");
  return { bastion, since: parseSince(line.text("since") ?? "24h"), asJson: line.isSet("json") };
}
