// The command line of completion.ts.
import { type CommandLine, type Flags, usageError } from "../command/command-line.ts";
import { nearest } from "../command/did-you-mean.ts";
import { quoted } from "../errors/printable.ts";

/** Shells whose completion we speak. */
export const shells = ["bash", "zsh", "fish"] as const;

export type Shell = (typeof shells)[number];

export type CompletionArguments =
  | { readonly action: "print"; readonly shell: Shell }
  /** What the shell asks at Tab: the words of the command line up to the cursor, the last one begun. */
  | { readonly action: "complete"; readonly words: readonly string[] };

export const completionFlags = {} as const satisfies Flags;

export const completionUsage = `Makes a shell complete names and flags of these commands when you press Tab.

  completion.ts bash|zsh|fish
  completion.ts -- WORDS            what the shell asks then

It prints a script for the shell to read at its start; put the line into ~/.bashrc, ~/.zshrc (after compinit) or
~/.config/fish/config.fish:

  source <(./scripts/completion.ts bash)
  source <(./scripts/completion.ts zsh)
  ./scripts/completion.ts fish | source

Bastions, databases and caches are those that the commands have met. AWS is not asked. Manual: docs/commands.md
`;

/** @throws UserError (64) */
export function parseCompletionArguments(line: CommandLine): CompletionArguments {
  const [word, surplus] = line.positionals;
  if (line.rest !== undefined && word === undefined) return { action: "complete", words: line.rest };
  const unexpected = surplus ?? line.rest?.[0];
  if (unexpected !== undefined) throw usageError(`unexpected argument ${quoted(unexpected)}`, "completion.ts --help");
  if (word === undefined) throw usageError("no shell is named", `completion.ts ${shells.join("|")}`);
  const shell = shells.find((each) => each === word);
  if (shell !== undefined) return { action: "print", shell };
  const [guess] = nearest(word, shells);
  const hint = guess === undefined ? `those that are known: ${shells.join(", ")}` : `did you mean ${guess}?`;
  throw usageError(`cannot complete in ${quoted(word)}`, hint);
}
