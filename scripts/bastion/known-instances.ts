// Where the host keys of instances are kept.
import { join } from "node:path";
import type { CommandContext } from "../command/command-context.ts";
import { ensurePrivateDirectory } from "../platform/private-directories.ts";
import { KnownHosts } from "../ssh/known-hosts.ts";

/** The file of the instances' host keys, in a directory that is made if need be. */
export function openKnownHosts({ directories, process }: Pick<CommandContext, "directories" | "process">): KnownHosts {
  ensurePrivateDirectory(directories.state, process.userId);
  return new KnownHosts(join(directories.state, "known_hosts"));
}
