// The Host block by which plain ssh, and whatever runs it, reaches a bastion; and its place in ssh's configuration.
import { ExitCode } from "../errors/exit-code.ts";
import { quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";
import { quoteOnWindows } from "../platform/windows.ts";
import { literal, quotedPath, writablePath } from "./config-words.ts";
import type { HostFiles } from "./host-files.ts";
import { HOST_KEY_ALGORITHMS } from "./known-hosts.ts";
import { shellQuote } from "./shell-quote.ts";

export interface HostBlock {
  /** As in `ssh HOST`. */
  readonly host: string;
  readonly osUser: string;
  readonly files: HostFiles;
  /** Words of the program that carries the stream; the host follows them. */
  readonly proxyCommand: readonly string[];
  readonly platform: NodeJS.Platform;
}

const begin = (host: string): string => `# >>> isolated-bastion ${host} >>>`;
const end = (host: string): string => `# <<< isolated-bastion ${host} <<<`;

/**
 * The block with its two markers, each on a line of its own.
 *
 * It ends with `Match all`: what follows it in the file speaks of every host, as it did before.
 *
 * @throws UserError (65) when a path cannot be written into ssh's configuration
 */
export function hostBlock({ host, osUser, files, proxyCommand, platform }: HostBlock): string {
  const quote = platform === "win32" ? quoteOnWindows : shellQuote;
  const program = proxyCommand.map(writablePath).map(quote).map(literal).join(" ");
  return [
    begin(host),
    `Host ${host}`,
    `  User ${osUser}`,
    // ssh puts nothing but the block's own name there, so no word of a hostile address gets into a shell.
    `  ProxyCommand ${program} %h`,
    `  IdentityFile ${quotedPath(writablePath(files.identityFile))}`,
    "  IdentitiesOnly yes",
    "  AddKeysToAgent no",
    `  HostKeyAlias ${host}`,
    `  HostKeyAlgorithms ${HOST_KEY_ALGORITHMS}`,
    `  UserKnownHostsFile ${quotedPath(writablePath(files.knownHostsFile))}`,
    "  StrictHostKeyChecking accept-new",
    "  HashKnownHosts no",
    "  ConnectTimeout none",
    "Match all",
    end(host),
    "",
  ].join("\n");
}

/**
 * The configuration with the block: in the place of the one that is there, else at the beginning, because ssh takes the
 * first value it meets for a setting.
 *
 * @throws UserError (65) when one marker of a pair is missing
 */
export function withBlock(configuration: string, host: string, block: string): string {
  const place = placeOf(configuration, host);
  if (place !== undefined) return configuration.slice(0, place.from) + block + configuration.slice(place.to);
  return configuration === "" ? block : `${block}\n${configuration}`;
}

/**
 * The configuration without the host's block, and as it is when there is none.
 *
 * @throws UserError (65) when one marker of a pair is missing
 */
export function withoutBlock(configuration: string, host: string): string {
  const place = placeOf(configuration, host);
  if (place === undefined) return configuration;
  const rest = configuration.slice(place.to);
  return configuration.slice(0, place.from) + (place.from === 0 ? rest.replace(/^\r?\n/, "") : rest);
}

interface Place {
  readonly from: number;
  readonly to: number;
}

function placeOf(configuration: string, host: string): Place | undefined {
  const begins = lineOf(configuration, begin(host));
  const ends = lineOf(configuration, end(host));
  if (begins === undefined && ends === undefined) return undefined;
  if (begins !== undefined && ends !== undefined && begins.to <= ends.from) return { from: begins.from, to: ends.to };
  throw new UserError(`cannot change the Host block of ${quoted(host)}: one of its two markers is missing`, {
    hint: `remove by hand what is left between "${begin(host)}" and "${end(host)}"`,
    exitCode: ExitCode.Data,
  });
}

/** Where the line stands, its end included. */
function lineOf(configuration: string, line: string): Place | undefined {
  const escaped = line.replace(/[.]/g, "\\.");
  const found = new RegExp(`^${escaped}[ \\t]*\\r?(?:\\n|$)`, "m").exec(configuration);
  return found === null ? undefined : { from: found.index, to: found.index + found[0].length };
}
