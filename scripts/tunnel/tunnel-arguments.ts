// The command line of tunnel.ts.
import { type BastionTarget, parseBastionTarget } from "../bastion/bastion-target.ts";
import { parseRebootPolicy } from "../bastion/connect-arguments.ts";
import type { RebootPolicy } from "../bastion/heal-connection.ts";
import { type CommandLine, type Flags, usageError } from "../command/command-line.ts";
import type { ProjectSettings } from "../command/project-settings.ts";
import { quoted } from "../errors/printable.ts";

/** What a person wants to reach, as it was written. */
export type Wanted =
  /** A database of RDS's or a cache of ElastiCache's; without a name, the only one there is. */
  | { readonly kind: "rds" | "cache"; readonly name: string | undefined }
  /** `HOST:PORT`, or the name of one of the settings' targets. */
  | { readonly kind: "to"; readonly word: string }
  | { readonly kind: "socks"; readonly port: number };

export interface OpenArguments {
  readonly action: "open";
  readonly wanted: readonly Wanted[];
  /** Undefined for the one that the settings name. */
  readonly bastion: BastionTarget | undefined;
  readonly osUser: string | undefined;
  /** In the order of what is wanted; 0 is any that is free. */
  readonly localPorts: readonly number[];
  /** Address to listen on. */
  readonly bind: string;
  /** Undefined for what the settings make of the targets. */
  readonly via: "ssh" | "port" | undefined;
  /** A session document that has host and port in it. */
  readonly documentName: string | undefined;
  /** Path of the named key; undefined for an ephemeral one. */
  readonly keyName: string | undefined;
  /** Database user to make an IAM token for. */
  readonly databaseUser: string | undefined;
  /** Command line for the person's shell. */
  readonly command: string | undefined;
  readonly json: boolean;
  readonly background: boolean;
  readonly rebootPolicy: RebootPolicy;
  /** Reboot although others have sessions on the instance. */
  readonly force: boolean;
}

export type TunnelArguments =
  | OpenArguments
  | { readonly action: "list"; readonly json: boolean }
  | { readonly action: "stop"; readonly name: string };

export const tunnelFlags = {
  rds: "optional",
  cache: "optional",
  to: "text",
  socks: "text",
  bastion: "text",
  "os-user": "text",
  i: "text",
  "local-port": "text",
  bind: "text",
  via: "text",
  document: "text",
  "db-user": "text",
  exec: "text",
  json: "switch",
  background: "switch",
  list: "switch",
  stop: "text",
  reboot: "switch",
  "no-reboot": "switch",
  force: "switch",
} as const satisfies Flags;

export const tunnelUsage = `Opens ports on this computer that lead through a bastion to what stands behind it.

  tunnel.ts --rds [NAME] | --cache [NAME] | --to TARGET ... | --socks PORT  [flags]
  tunnel.ts --list | --stop NAME|all

  --rds [NAME]        a database of RDS or Aurora; without NAME the only one that the bastion can reach, or a list to
                      pick from. NAME/reader is an Aurora cluster's reader
  --cache [NAME]      the same for ElastiCache
  --to TARGET         HOST:PORT as the bastion reaches it (localhost is the bastion), or the name of a target of the
                      settings; may be given several times
  --socks PORT        a SOCKS proxy on this port, as with ssh -D
  --bastion NAME      Name tag or id of the bastion (default: the one that the settings deploy)
  --local-port PORT   local port; 0 is any that is free (default: the target's own); several for several targets
  --bind ADDRESS      local address (default: 127.0.0.1)
  --db-user USER      make an RDS IAM token for this database user
  --exec COMMAND      run this as soon as the tunnel is ready, and end with its exit status
  --via ssh|port      by ssh with a key, or by Session Manager's own port forwarding, without (default: ssh, but port
                      where each target has a session document of its own)
  --document NAME     session document for --via port that has host and port in it
  --json              tell what is ready as JSON
  --background        return as soon as the tunnel is ready, and leave it running
  --list, --stop      show the tunnels that run, and end one or all
  -i KEY              file of the private key; a pair is made if there is none.
                      Without it, the key is made for this tunnel and gone afterwards
  --os-user USER      OS user to log in as by ssh (default: the settings' tunnel_user for their targets, else ec2-user,
                      or the image's own)
  --reboot, --no-reboot
                      reboot the instance if its SSM Agent is not connected; do not, and do not ask
  --force             reboot although others have sessions on the instance
  --profile PROFILE, --region REGION, --quiet, --debug, --version, --help

  tunnel.ts --rds
  tunnel.ts --rds orders --local-port 6543
  tunnel.ts --rds orders --db-user app --exec 'psql -c "select 1"'
  tunnel.ts --to cache.internal:6379 --to 10.0.4.7:8443
  tunnel.ts --to localhost:80 --via port
  tunnel.ts --socks 1080 --background

Each line "ready ADDRESS:PORT TARGET" on stdout is a port that is open. The tunnel stays up until Ctrl-C: a session that
ends is replaced. Manual: docs/commands.md
`;

const HIGHEST_PORT = 65_535;

/** @throws UserError (64) */
export function parseTunnelArguments(line: CommandLine): TunnelArguments {
  const [surplus] = [...line.positionals, ...(line.rest ?? [])];
  if (surplus !== undefined) throw usageError(`unexpected argument ${quoted(surplus)}`, "tunnel.ts --help");
  if (line.isSet("list")) return { action: "list", json: line.isSet("json") };
  const name = line.text("stop");
  return name === undefined ? parseOpen(line) : { action: "stop", name };
}

/** The bastion's name, of a tunnel that is to be opened. */
export function bastionOfTunnel(
  given: TunnelArguments,
  { bastionName }: Pick<ProjectSettings, "bastionName">,
): string | undefined {
  return given.action === "open" ? (given.bastion?.word ?? bastionName) : undefined;
}

function parseOpen(line: CommandLine): OpenArguments {
  const osUser = line.text("os-user");
  const bastion = line.text("bastion");
  const open: OpenArguments = {
    action: "open",
    wanted: parseWanted(line),
    bastion: bastion === undefined ? undefined : parseBastionTarget(bastion, osUser),
    osUser,
    localPorts: line.values("local-port").map((text) => parsePort("local-port", text ?? "", 0)),
    bind: line.text("bind") ?? "127.0.0.1",
    via: parseVia(line),
    documentName: line.text("document"),
    keyName: line.text("i"),
    databaseUser: line.text("db-user"),
    command: line.text("exec"),
    json: line.isSet("json"),
    background: line.isSet("background"),
    rebootPolicy: parseRebootPolicy(line),
    force: line.isSet("force"),
  };
  for (const [isWrong, message, hint] of contradictions(open)) if (isWrong) throw usageError(message, hint);
  return open;
}

function contradictions(open: OpenArguments): readonly (readonly [boolean, string, string])[] {
  const { wanted, localPorts, via, documentName, databaseUser, keyName } = open;
  const hasSocks = wanted.some(({ kind }) => kind === "socks");
  return [
    [wanted.length === 0, "nothing is named to tunnel to", "tunnel.ts --rds, --to HOST:PORT or --socks PORT"],
    [
      localPorts.length > wanted.length,
      `${localPorts.length} local ports for ${wanted.length} ${wanted.length === 1 ? "target" : "targets"}`,
      "name at most one --local-port for each target",
    ],
    [via === "port" && hasSocks, "cannot proxy by --via port: its sessions go to one host", "leave --via out"],
    [via === "port" && keyName !== undefined, "cannot use a key by --via port: it takes none", "leave -i out"],
    [via !== "port" && documentName !== undefined, "--document needs --via port", "add --via port"],
    [
      documentName !== undefined && wanted.length > 1,
      "a document leads to one target, and several are named",
      "one tunnel.ts for each document",
    ],
    [
      databaseUser !== undefined && !wanted.some(({ kind }) => kind === "rds"),
      "--db-user needs --rds",
      "tunnel.ts --rds NAME --db-user USER",
    ],
    [open.background && open.command !== undefined, "cannot use both --background and --exec", "leave one of them out"],
  ];
}

function parseWanted(line: CommandLine): Wanted[] {
  const socks = line.text("socks");
  return [
    ...line.values("rds").map((name): Wanted => ({ kind: "rds", name })),
    ...line.values("cache").map((name): Wanted => ({ kind: "cache", name })),
    ...line.values("to").map((word): Wanted => ({ kind: "to", word: word ?? "" })),
    ...(socks === undefined ? [] : [{ kind: "socks", port: parsePort("socks", socks, 0) } as const]),
  ];
}

/** @throws UserError (64) when the text is no port from `lowest` to 65535 */
export function parsePort(flag: string, text: string, lowest: 0 | 1): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= lowest && port <= HIGHEST_PORT) return port;
  throw usageError(
    `cannot use ${quoted(text)} for --${flag}: a port is a number from ${lowest} to ${HIGHEST_PORT}`,
    "tunnel.ts --help",
  );
}

function parseVia(line: CommandLine): "ssh" | "port" | undefined {
  const via = line.text("via");
  if (via === undefined || via === "ssh" || via === "port") return via;
  throw usageError(`cannot go via ${quoted(via)}`, "--via ssh, or --via port");
}
