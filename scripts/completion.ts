#!/bin/sh
//usr/bin/env true; exec node "$(dirname "$(readlink -f "$0")")/launcher.mjs" "$0" "$@"
// Prints what makes a shell complete the words of all commands. Manual: docs/commands.md
import { runLocalCommand } from "./command/run-command.ts";
import { completionFlags, completionUsage, parseCompletionArguments } from "./completion/completion-arguments.ts";

void runLocalCommand(
  {
    name: "completion",
    usage: completionUsage,
    flags: completionFlags,
    parse: parseCompletionArguments,
    load: async () => (await import("./completion/run-completion.ts")).runCompletion,
  },
  import.meta.dirname,
);
