// From what a person wrote to where the tunnel leads: settings' names, hosts and ports, databases found by API.
import type { Aws } from "../command/aws-ports.ts";
import { usageError } from "../command/command-line.ts";
import { callNameOf } from "../command/database-name.ts";
import { nearest } from "../command/did-you-mean.ts";
import type { DatabaseEndpoint, InstanceNetwork } from "../command/network-ports.ts";
import type { ProjectSettings, ProjectTarget } from "../command/project-settings.ts";
import type { Terminal } from "../command/terminal.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";
import { type Wanted, parsePort } from "./tunnel-arguments.ts";

/** Where one local port leads. */
export interface TunnelTarget {
  /** What people call it. */
  readonly name: string;
  /** Undefined for a SOCKS proxy. */
  readonly host: string | undefined;
  readonly port: number;
  /** What is known of it by API. */
  readonly database: DatabaseEndpoint | undefined;
}

export interface TargetNeeds {
  readonly aws: Pick<Aws, "listDatabases" | "listCaches" | "region">;
  readonly settings: Pick<ProjectSettings, "targets">;
  readonly terminal: Pick<Terminal, "choose"> | undefined;
}

const HOST_AND_PORT = /^(?:\[(?<v6>[0-9a-f:.]+)\]|(?<host>[^:\s]+)):(?<port>\d+)$/i;
/** What ssh(1), a session's document and a URL all take, and a shell reads as nothing but itself. */
const HOST = /^(?!-)[A-Za-z0-9._-]{1,253}$/;

/**
 * The target that does not need AWS to be known; undefined for one that does.
 *
 * @throws UserError (64) for what is no target
 */
export function writtenTarget(wanted: Wanted, targets: readonly ProjectTarget[]): TunnelTarget | undefined {
  if (wanted.kind === "socks") return { name: "SOCKS", host: undefined, port: wanted.port, database: undefined };
  if (wanted.kind !== "to") return undefined;
  const named = targets.find(({ name }) => name === wanted.word);
  if (named === undefined) return hostAndPort(wanted.word, targets);
  const { name, host, port } = named;
  return { name, host, port, database: undefined };
}

function hostAndPort(word: string, targets: readonly ProjectTarget[]): TunnelTarget {
  const { v6, host = v6, port } = HOST_AND_PORT.exec(word)?.groups ?? {};
  if (host === undefined || port === undefined) throw noTarget(word, targets);
  if (v6 === undefined && !HOST.test(host))
    throw usageError(`cannot use ${quoted(host)}: that is no host name`, "--to HOST:PORT");
  return { name: word, host, port: parsePort("to", port, 1), database: undefined };
}

function noTarget(word: string, targets: readonly ProjectTarget[]): UserError {
  const names = targets.map(({ name }) => name);
  const [guess] = nearest(word, names);
  const known =
    names.length === 0 ? "the settings name no targets" : `the settings name ${names.map(quoted).join(", ")}`;
  const hint = guess === undefined ? `write HOST:PORT; ${known}` : `did you mean --to ${guess}?`;
  return usageError(`cannot tunnel to ${quoted(word)}: it is neither HOST:PORT nor a target of the settings`, hint);
}

/**
 * The database that is meant, among those in the bastion's network.
 *
 * @throws UserError (66) when there is none, or none of that name, (64) when there are several and nobody can be asked
 */
export async function findDatabase(
  { kind, name }: { readonly kind: "rds" | "cache"; readonly name: string | undefined },
  network: Pick<InstanceNetwork, "vpcId">,
  { aws, terminal }: TargetNeeds,
): Promise<TunnelTarget> {
  const all = await (kind === "rds" ? aws.listDatabases() : aws.listCaches());
  const near = all.filter(({ vpcId }) => vpcId === network.vpcId);
  const meant =
    name === undefined ? near.filter(({ role }) => role !== "reader") : near.filter((each) => isCalled(each, name));
  const [only, second] = meant;
  if (only === undefined) throw notFound(kind, name, all, near, aws.region);
  const database = second === undefined ? only : await pick(kind, meant, terminal);
  return { name: callNameOf(database), host: database.host, port: database.port, database };
}

function isCalled(database: DatabaseEndpoint, name: string): boolean {
  return callNameOf(database) === name || database.host === name || `${database.name}/${database.role}` === name;
}

// eslint-disable-next-line max-params -- all that the message tells
function notFound(
  kind: "rds" | "cache",
  name: string | undefined,
  all: readonly DatabaseEndpoint[],
  near: readonly DatabaseEndpoint[],
  region: string,
): UserError {
  const what = kind === "rds" ? "database" : "cache";
  const failed = (met: string, hint: string): UserError =>
    new UserError(`cannot find ${what}: ${met}`, { hint, exitCode: ExitCode.NotFound });
  const elsewhere = all.find((each) => name === undefined || isCalled(each, name));
  if (elsewhere !== undefined) {
    const met = `${quoted(callNameOf(elsewhere))} is in VPC ${elsewhere.vpcId}, and the bastion is in another`;
    return failed(met, "name a bastion of that VPC with --bastion, or write --to HOST:PORT if the VPCs are peered");
  }
  if (name === undefined)
    return failed(`there is none in ${region}`, "another Region or account? see --region and --profile");
  const guesses = nearest(name, near.map(callNameOf));
  const hint = guesses.length > 0 ? `did you mean ${guesses.map(quoted).join(" or ")}?` : listOf(near);
  return failed(`none in ${region} is called ${quoted(name)}`, hint);
}

function listOf(databases: readonly DatabaseEndpoint[]): string {
  if (databases.length === 0) return "there is none in the bastion's network";
  return ["these are in the bastion's network:", ...databases.map((database) => `  ${describe(database)}`)].join("\n");
}

async function pick(
  kind: "rds" | "cache",
  databases: readonly DatabaseEndpoint[],
  terminal: Pick<Terminal, "choose"> | undefined,
): Promise<DatabaseEndpoint> {
  if (terminal !== undefined) return terminal.choose("which one?", databases, describe);
  const list = databases.map((database) => `  --${kind} ${callNameOf(database)}   ${database.engine}`).join("\n");
  throw new UserError(`cannot choose: the bastion's network has ${databases.length} of them`, {
    hint: `name one:\n${list}`,
    exitCode: ExitCode.Usage,
  });
}

function describe(database: DatabaseEndpoint): string {
  const { engine, host, port, status } = database;
  return `${callNameOf(database)}  ${engine}  ${host}:${port}  ${status}`;
}
