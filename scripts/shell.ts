#!/bin/sh
//usr/bin/env true; exec node "$(dirname "$(readlink -f "$0")")/launcher.mjs" "$0" "$@"
// Opens a Session Manager shell on an instance. Manual: docs/commands.md
import { runCommand } from "./command/run-command.ts";
import { parseShellArguments, shellFlags, shellUsage } from "./shell/shell-arguments.ts";

void runCommand(
  {
    name: "shell",
    usage: shellUsage,
    flags: shellFlags,
    parse: parseShellArguments,
    bastionOf: ({ target }) => target.word,
    load: async () => (await import("./shell/open-shell.ts")).openShellOn,
  },
  import.meta.dirname,
);
