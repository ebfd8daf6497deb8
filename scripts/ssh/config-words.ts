// Writes words as ssh_config(5) reads them.
import { ExitCode } from "../errors/exit-code.ts";
import { quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";

/** The text where ssh replaces %h and its like, in paths and in the ProxyCommand: a doubled % is one. */
export function literal(text: string): string {
  return text.replaceAll("%", "%%");
}

/** A path in double quotes, since a blank would begin a second one. */
export function quotedPath(path: string): string {
  return `"${literal(path).replace(/["\\]/g, (character) => `\\${character}`)}"`;
}

/**
 * The path, if a line of ssh's configuration can hold it.
 *
 * @throws UserError (65) for one with a line break, or with what ssh would read as a variable
 */
export function writablePath(path: string): string {
  if (!/\$\{|\p{Cc}/u.test(path)) return path;
  throw new UserError(`cannot write ${quoted(path)} into ssh's configuration: ssh would misread the path`, {
    hint: 'take the line breaks and "${" out of it: move the project, or set XDG_STATE_HOME',
    exitCode: ExitCode.Data,
  });
}
