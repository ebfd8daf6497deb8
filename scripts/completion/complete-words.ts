// What may stand in the place of the last word of a command line.
import { basename } from "node:path";
import { printable } from "../errors/printable.ts";
import { type CompletedCommand, type WordKind, completedCommands, flagWord, valueKind } from "./completed-commands.ts";

/** Names by what they are of; foreign text. */
export type NamesOf = (kind: "bastion" | "rds" | "cache" | "target" | "tunnel") => readonly string[];

/** How the commands are called, once they are installed as a package. */
export const PACKAGE_COMMAND = "isolated-bastion";

/**
 * The words that begin as the last one does; none where the shell's own files are the best guess.
 *
 * @param words - from the command on, the last one begun and perhaps empty
 */
export function completeWords([program = "", ...words]: readonly string[], namesOf: NamesOf): string[] {
  const called = basename(program);
  if (called !== PACKAGE_COMMAND) return completeOwn(called.replace(/\.(ts|mjs)$/, ""), words, namesOf);
  const [name = "", ...own] = words;
  return own.length === 0 ? thatBegin(name, Object.keys(completedCommands)) : completeOwn(name, own, namesOf);
}

function completeOwn(name: string, words: readonly string[], namesOf: NamesOf): string[] {
  const command = Object.hasOwn(completedCommands, name) ? completedCommands[name] : undefined;
  const isForUs = !words.slice(0, -1).includes("--"); // what follows it is ssh's, or the far side's
  return command !== undefined && isForUs ? candidates(words, command, namesOf) : [];
}

function candidates(words: readonly string[], command: CompletedCommand, namesOf: NamesOf): string[] {
  const typed = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const joined = /^(?<flag>--[\w-]+=)(?<value>.*)$/s.exec(typed)?.groups;
  if (joined !== undefined) {
    const { flag = "", value = "" } = joined;
    return valuesOf(valueKind(flag.slice(2, -1)), value, namesOf).map((each) => flag + each);
  }
  if (typed.startsWith("-")) return thatBegin(typed, Object.keys(command.flags).map(flagWord));
  const flag = awaitingValue(before, command);
  const kind = flag === undefined ? positionalKind(before, command) : valueKind(flag);
  return valuesOf(kind, typed, namesOf);
}

/** The flag whose value comes next. */
function awaitingValue(before: readonly string[], { flags }: CompletedCommand): string | undefined {
  const last = before.at(-1);
  return Object.keys(flags).find((flag) => flagWord(flag) === last && flags[flag] !== "switch");
}

function positionalKind(before: readonly string[], command: CompletedCommand): WordKind {
  const positionals = before.filter(
    (word, index) => !word.startsWith("-") && awaitingValue(before.slice(0, index), command) === undefined,
  );
  return command.positionals[positionals.length] ?? command.positionals.at(-1) ?? "unknown";
}

function valuesOf(kind: WordKind, typed: string, namesOf: NamesOf): string[] {
  if (typeof kind !== "string") return thatBegin(typed, kind);
  if (kind === "file" || kind === "unknown") return [];
  if (kind === "bastion") return bastions(typed, namesOf);
  if (kind === "place") return typed.includes(":") ? [] : bastions(typed, namesOf).map((name) => `${name}:`);
  return thatBegin(typed, kind === "tunnel" ? ["all", ...namesOf(kind)] : namesOf(kind));
}

/** Also behind `user@`. */
function bastions(typed: string, namesOf: NamesOf): string[] {
  const names = namesOf("bastion");
  const plain = thatBegin(typed, names);
  if (plain.length > 0 || !typed.includes("@")) return plain;
  const user = typed.slice(0, typed.indexOf("@") + 1);
  return thatBegin(typed.slice(user.length), names).map((name) => user + name);
}

/** Names are foreign text: none that a terminal would obey, or that would be a flag, comes near a command line. */
function thatBegin(typed: string, candidates: readonly string[]): string[] {
  const isSafe = (word: string): boolean => word !== "" && printable(word) === word;
  return candidates.filter((word) => word.startsWith(typed) && isSafe(word));
}
