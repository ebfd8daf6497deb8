// The arguments that sftp is started with.
import { type SshConnection, settingWords } from "./ssh-arguments.ts";
import type { SshWords } from "./ssh-words.ts";

/** Arguments for sftp(1), without its name; the words' command is a path on the instance, or nothing. */
export function sftpArguments({ options, command }: SshWords, connection: SshConnection): string[] {
  const { instanceId, osUser } = connection;
  const [path] = command;
  const destination = path === undefined ? instanceId : `${instanceId}:${path}`;
  return [...options, "-o", `User=${osUser}`, ...settingWords(connection, options), "--", destination];
}
