// The command line of copy.ts: scp's.
import { type BastionTarget, parseBastionTarget } from "../bastion/bastion-target.ts";
import { parseRebootPolicy } from "../bastion/connect-arguments.ts";
import type { RebootPolicy } from "../bastion/heal-connection.ts";
import { type CommandLine, type Flags, usageError } from "../command/command-line.ts";
import { quoted } from "../errors/printable.ts";

export interface CopyArguments {
  readonly target: BastionTarget;
  readonly direction: "download" | "upload";
  /** Paths: on the bastion for a download, here for an upload. */
  readonly sources: readonly string[];
  /** A path on the other side. */
  readonly destination: string;
  readonly isRecursive: boolean;
  /** How many sessions at most. */
  readonly sessions: number;
  /** `auto` compresses what a sample of it shows to shrink. */
  readonly compression: "auto" | "always" | "never";
  readonly isJson: boolean;
  /** Path of the named key; undefined for an ephemeral one. */
  readonly keyName: string | undefined;
  readonly rebootPolicy: RebootPolicy;
  readonly force: boolean;
}

const DEFAULT_SESSIONS = 8;
const MAX_SESSIONS = 32;

export const copyFlags = {
  r: "switch",
  p: "switch",
  C: "switch",
  "no-compression": "switch",
  i: "text",
  sessions: "text",
  json: "switch",
  "os-user": "text",
  reboot: "switch",
  "no-reboot": "switch",
  force: "switch",
} as const satisfies Flags;

export const copyUsage = `Copies files to and from a bastion, over several sessions at once.

  copy.ts [flags] SOURCE... DESTINATION

  A path on the bastion is written [user@]NAME:PATH, with the Name tag or id of the
  instance; a relative one begins in the home directory. Write ./a:b for a file here
  whose name has a colon. Mode and time are kept. What is there already is kept, if it
  is the same: run an interrupted copy again, and it goes on.

  -r                  copy directories
  -i KEY              file of the private key. Without it, the key is made for this run
  --sessions N        how many sessions at most (default: ${DEFAULT_SESSIONS})
  -C                  compress on the way, always (default: if a sample shows that it helps)
  --no-compression    never compress
  --json              print what was copied as JSON
  --os-user USER      OS user to log in as (default: ec2-user, or the image's own)
  --reboot            reboot the instance if its SSM Agent is not connected
  --no-reboot         do not, and do not ask
  --force             reboot although others have sessions on the instance
  --profile PROFILE   AWS profile
  --region REGION     AWS Region (default: AWS_REGION, the profile's, the settings')
  --quiet             tell nothing but warnings and errors
  --debug             show each AWS call with request id and time, and what is behind an error
  --version, --help

  copy.ts sandbox-dev-bastion-host:/var/log/messages .
  copy.ts dump.sql sandbox-dev-bastion-host:
  copy.ts -r sandbox-dev-bastion-host:/var/log logs

Manual: docs/commands.md
`;

/** @throws UserError (64) */
export function parseCopyArguments(line: CommandLine): CopyArguments {
  const words = line.positionals.map(readPlace);
  const destination = words.at(-1);
  const sources = words.slice(0, -1);
  if (destination === undefined || sources.length === 0) {
    throw usageError("a source and a destination are needed", "copy.ts SOURCE... DESTINATION");
  }
  const direction = destination.bastion === undefined ? "download" : "upload";
  return {
    direction,
    target: parseBastionTarget(bastionOf(direction, sources, destination), line.text("os-user")),
    sources: sources.map(({ path }) => path),
    destination: destination.path,
    isRecursive: line.isSet("r"),
    sessions: readSessions(line.text("sessions")),
    compression: readCompression(line),
    isJson: line.isSet("json"),
    keyName: line.text("i"),
    rebootPolicy: parseRebootPolicy(line),
    force: line.isSet("force"),
  };
}

interface Place {
  /** As it was written, with the user; undefined for this computer. */
  readonly bastion: string | undefined;
  readonly path: string;
}

/** As scp reads it: a colon before the first slash ends a host's name. */
function readPlace(word: string): Place {
  const { bastion, path } = /^(?<bastion>[^:/][^:/]*):(?<path>.*)$/s.exec(word)?.groups ?? {};
  if (bastion === undefined) {
    if (word === "") throw usageError("a path is empty", "name a file, or . for this directory");
    return { bastion: undefined, path: word };
  }
  return { bastion, path: path === undefined || path === "" ? "." : path.replace(/^~\//, "") };
}

function bastionOf(direction: CopyArguments["direction"], sources: readonly Place[], destination: Place): string {
  const hint = "write the path on the bastion as NAME:PATH, on one side only";
  if (direction === "upload") {
    const strange = sources.find(({ bastion }) => bastion !== undefined);
    if (strange !== undefined) throw usageError("cannot copy from one bastion to another", hint);
    return destination.bastion ?? "";
  }
  const [first, ...others] = sources.map(({ bastion }) => bastion);
  if (first === undefined || others.includes(undefined)) throw usageError("cannot copy from here to here", hint);
  const other = others.find((bastion) => bastion !== first);
  if (other === undefined) return first;
  throw usageError(`cannot copy from ${quoted(first)} and ${quoted(other)} at once`, "run it once for each bastion");
}

function readSessions(text: string | undefined): number {
  if (text === undefined) return DEFAULT_SESSIONS;
  const sessions = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (sessions >= 1 && sessions <= MAX_SESSIONS) return sessions;
  throw usageError(`cannot use ${quoted(text)} sessions`, `write a number from 1 to ${MAX_SESSIONS}`);
}

function readCompression(line: CommandLine): CopyArguments["compression"] {
  const [always, never] = [line.isSet("C"), line.isSet("no-compression")];
  if (always && never) throw usageError("cannot both compress and not compress", "choose -C or --no-compression");
  if (always) return "always";
  return never ? "never" : "auto";
}
