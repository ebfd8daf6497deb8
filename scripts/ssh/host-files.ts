// What belongs to one Host block of ssh's configuration: its key, and the host key that ssh may meet there.
import { join } from "node:path";
import { ExitCode } from "../errors/exit-code.ts";
import { quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";

/** Paths; they exist once a command has needed them. */
export interface HostFiles {
  /** To be closed to others. */
  readonly directory: string;
  readonly identityFile: string;
  /** One line at most, of the instance that the host stands for now. */
  readonly knownHostsFile: string;
}

/** What ssh takes for the name of a host, and neither its patterns nor a shell nor a file system could misread. */
const HOST = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

/**
 * Where the files of a host lie.
 *
 * @throws UserError (64) when the word cannot stand behind `Host`
 */
export function hostFiles(stateDirectory: string, host: string): HostFiles {
  if (!HOST.test(host)) {
    throw new UserError(`cannot use ${quoted(host)} as a host of ssh: it needs letters, digits and . _ -`, {
      hint: "name the bastion by its instance id",
      exitCode: ExitCode.Usage,
    });
  }
  const directory = join(stateDirectory, "hosts", host);
  return { directory, identityFile: join(directory, "key"), knownHostsFile: join(directory, "known_hosts") };
}
