// Tells a program's own options from what follows them, in what a person writes after `--`.
import { ExitCode } from "../errors/exit-code.ts";
import { UserError } from "../errors/user-error.ts";

export interface SshWords {
  readonly options: readonly string[];
  /** Words of the remote command; none for a shell. */
  readonly command: readonly string[];
}

/** The options of one of OpenSSH's programs. */
interface OptionRules {
  readonly program: string;
  /** Letters of those that take a value, in the same word or the next one. */
  readonly withValue: ReadonlySet<string>;
  /** Letters of those that cannot work here, each with what to do instead. */
  readonly refused: Readonly<Record<string, { readonly because: string; readonly instead: string }>>;
}

const ONE_OS_USER = "the key is authorized for one OS user";

const SSH: OptionRules = {
  program: "ssh",
  withValue: new Set("BbcDEeFIiJLlmOoPpQRSWw"),
  refused: {
    f: {
      because: "the session lives only as long as this command",
      instead: "leave -f out and put & behind the command",
    },
    l: { because: ONE_OS_USER, instead: "name the OS user with --os-user" },
  },
};

const SFTP: OptionRules = {
  program: "sftp",
  withValue: new Set("BbcDFiJloPRSsX"),
  refused: {
    D: { because: "it would reach a server on this computer", instead: "leave -D out" },
    S: { because: "the session is ssh's own", instead: "leave -S out" },
  },
};

/**
 * Splits at the first word that ssh would take for the command.
 *
 * @throws UserError (64) for an option that cannot work
 */
export function splitSshWords(words: readonly string[]): SshWords {
  return split(words, SSH);
}

/**
 * Splits at the first word that sftp would take for its destination; here it is a path on the instance.
 *
 * @throws UserError (64) for an option that cannot work
 */
export function splitSftpWords(words: readonly string[]): SshWords {
  return split(words, SFTP);
}

function split(words: readonly string[], rules: OptionRules): SshWords {
  let index = 0;
  for (let word = words[index]; word !== undefined && isOption(word); word = words[index]) {
    index += 1;
    if (word === "--") return { options: words.slice(0, index - 1), command: words.slice(index) };
    if (takesNextWord(word, rules)) index += 1;
  }
  return { options: words.slice(0, index), command: words.slice(index) };
}

function isOption(word: string): boolean {
  return word.startsWith("-") && word !== "-";
}

/** Letters may stand together (`-NL 8080:db:80`); the first one that takes a value takes the rest of the word or the next. */
function takesNextWord(word: string, rules: OptionRules): boolean {
  for (let index = 1; index < word.length; index += 1) {
    const letter = word.charAt(index);
    refuse(letter, rules);
    if (rules.withValue.has(letter)) return index === word.length - 1;
  }
  return false;
}

function refuse(letter: string, { program, refused }: OptionRules): void {
  const refusal = Object.hasOwn(refused, letter) ? refused[letter] : undefined;
  if (refusal === undefined) return;
  const { because, instead } = refusal;
  throw new UserError(`cannot use ${program} option "-${letter}": ${because}`, {
    hint: instead,
    exitCode: ExitCode.Usage,
  });
}
