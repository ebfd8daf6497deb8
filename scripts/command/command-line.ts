// Reads a command line into flags, positional words and what stands after `--`; a slip gets a usage error.
import { parseArgs } from "node:util";
import { ExitCode } from "../errors/exit-code.ts";
import { quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";
import { nearest } from "./did-you-mean.ts";

/** What a flag takes: `text` a value (`--region eu-west-1`, `--region=eu-west-1`), `optional` one or none, `switch` none. */
export type Flags = Readonly<Record<string, "text" | "optional" | "switch">>;

/** Flags that all commands have. */
export const commonFlags = {
  profile: "text",
  region: "text",
  debug: "switch",
  quiet: "switch",
  help: "switch",
  version: "switch",
} as const satisfies Flags;

/** A command line, read. */
export interface CommandLine {
  /** Value of a text flag; the last one wins. */
  text(flag: string): string | undefined;
  /** Every value of a flag that may be given several times, in order; undefined for an optional value left out. */
  values(flag: string): readonly (string | undefined)[];
  /** Whether a switch is set. */
  isSet(flag: string): boolean;
  readonly positionals: readonly string[];
  /** Everything after the first `--`, untouched; undefined when there is no `--`. */
  readonly rest: readonly string[] | undefined;
}

/** The error for a wrong command line. */
export function usageError(message: string, hint: string): UserError {
  return new UserError(message, { hint, exitCode: ExitCode.Usage });
}

/**
 * Reads `words` (without interpreter and script).
 *
 * @throws UserError (64) for an unknown flag, a missing value, or a value where none belongs
 */
export function readCommandLine(words: readonly string[], flags: Flags): CommandLine {
  const end = words.indexOf("--");
  const own = end === -1 ? words : words.slice(0, end);
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, kind]) => [name, { type: kind === "text" ? "string" : "boolean" } as const]),
  );
  const { tokens, positionals } = parseArgs({
    args: withValuesJoined(own, flags),
    options,
    strict: false, // its own errors suggest nothing; the checks below do
    allowPositionals: true,
    tokens: true,
  });
  const values = new Map<string, (string | undefined)[]>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    checkOption(token, flags);
    values.set(token.name, [...(values.get(token.name) ?? []), token.value]);
  }
  return {
    text: (flag) => values.get(flag)?.at(-1),
    values: (flag) => values.get(flag) ?? [],
    isSet: (flag) => values.has(flag),
    positionals,
    rest: end === -1 ? undefined : words.slice(end + 1),
  };
}

/** An optional value is the word after its flag, unless that begins with a hyphen; joined by "=" it is no positional. */
function withValuesJoined(words: readonly string[], flags: Flags): string[] {
  const joined: string[] = [];
  for (const word of words) {
    const before = joined.at(-1) ?? "";
    const isAfterOptional = before.startsWith("--") && flags[before.slice(2)] === "optional";
    if (isAfterOptional && !word.startsWith("-")) joined.splice(-1, 1, `${before}=${word}`);
    else joined.push(word);
  }
  return joined;
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function checkOption({ name, rawName, value, inlineValue }: OptionToken, flags: Flags): void {
  const kind = Object.hasOwn(flags, name) ? flags[name] : undefined;
  if (kind === undefined) throw unknownFlag(rawName, flags);
  if (kind === "switch" && value !== undefined)
    throw usageError(`cannot use ${quoted(`${rawName}=${value}`)}: the flag takes no value`, `write ${rawName}`);
  if (kind === "text" && (value === undefined || value === "" || (inlineValue !== true && value.startsWith("-"))))
    throw usageError(`cannot use "${rawName}": its value is missing`, `write ${rawName}=VALUE`);
}

function unknownFlag(rawName: string, flags: Flags): UserError {
  const [guess] = nearest(
    rawName,
    Object.keys(flags).map((flag) => `--${flag}`),
  );
  const hint = guess === undefined ? "--help lists the flags" : `did you mean "${guess}"?`;
  return usageError(`unknown flag ${quoted(rawName)}`, `${hint}\noptions for ssh itself go after --`);
}
