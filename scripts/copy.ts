#!/bin/sh
//usr/bin/env true; exec node "$(dirname "$(readlink -f "$0")")/launcher.mjs" "$0" "$@"
// Copies files to and from a bastion over several sessions at once. Manual: docs/commands.md
import { runCommand } from "./command/run-command.ts";
import { copyFlags, copyUsage, parseCopyArguments } from "./copy/copy-arguments.ts";

void runCommand(
  {
    name: "copy",
    usage: copyUsage,
    flags: copyFlags,
    parse: parseCopyArguments,
    bastionOf: ({ target }) => target.word,
    load: async () => (await import("./copy/run-copy.ts")).runCopy,
  },
  import.meta.dirname,
);
