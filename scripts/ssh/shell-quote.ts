// Quotes words for a shell where no list of arguments can be passed: ssh's ProxyCommand, and zx.

/** Letters that mean nothing to any shell, so that ordinary words stay readable. */
const PLAIN = /^[\w@%+=:,./-]+$/;

/**
 * The word in single quotes, inside which a shell takes a character as it is.
 *
 * ssh runs a ProxyCommand with the user's own shell: true of sh, bash, zsh and ksh without exception, of fish but for
 * backslashes, of csh but for exclamation marks.
 */
export function shellQuote(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
