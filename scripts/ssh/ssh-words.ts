// Tells ssh's own options from the remote command in what a person writes after `--`.
import { ExitCode } from "../errors/exit-code.ts";
import { UserError } from "../errors/user-error.ts";

export interface SshWords {
  readonly options: readonly string[];
  /** Words of the remote command; none for a shell. */
  readonly command: readonly string[];
}

/** Options of ssh(1) that take a value, in the same word or the next one. */
const WITH_VALUE = new Set("BbcDEeFIiJLlmOoPpQRSWw");

/** Options that cannot work here, each with what to do instead. */
const REFUSED: Readonly<Record<string, { readonly because: string; readonly instead: string }>> = {
  f: {
    because: "the session lives only as long as this command",
    instead: "leave -f out and put & behind the command",
  },
  l: { because: "the key is authorized for one OS user", instead: "name the OS user with --os-user" },
};

/**
 * Splits at the first word that ssh would take for the command.
 *
 * @throws UserError (64) for an option that cannot work
 */
export function splitSshWords(words: readonly string[]): SshWords {
  let index = 0;
  for (let word = words[index]; word !== undefined && isOption(word); word = words[index]) {
    index += 1;
    if (word === "--") return { options: words.slice(0, index - 1), command: words.slice(index) };
    if (takesNextWord(word)) index += 1;
  }
  return { options: words.slice(0, index), command: words.slice(index) };
}

function isOption(word: string): boolean {
  return word.startsWith("-") && word !== "-";
}

/** Letters may stand together (`-NL 8080:db:80`); the first one that takes a value takes the rest of the word or the next. */
function takesNextWord(word: string): boolean {
  for (let index = 1; index < word.length; index += 1) {
    const letter = word.charAt(index);
    refuse(letter);
    if (WITH_VALUE.has(letter)) return index === word.length - 1;
  }
  return false;
}

function refuse(letter: string): void {
  const refusal = Object.hasOwn(REFUSED, letter) ? REFUSED[letter] : undefined;
  if (refusal === undefined) return;
  const { because, instead } = refusal;
  throw new UserError(`cannot use ssh option "-${letter}": ${because}`, { hint: instead, exitCode: ExitCode.Usage });
}
