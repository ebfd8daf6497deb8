#!/bin/sh
//usr/bin/env true; exec node "$(dirname "$(readlink -f "$0")")/launcher.mjs" "$0" "$@"
// Opens an ssh session on a bastion. Manual: docs/commands.md
import { connectFlags, connectUsage, parseConnectArguments } from "./bastion/connect-arguments.ts";
import { runCommand } from "./command/run-command.ts";

void runCommand(
  {
    name: "connect",
    usage: connectUsage,
    flags: connectFlags,
    parse: parseConnectArguments,
    bastionOf: ({ target }) => target.word,
    load: async () => (await import("./bastion/connect-to-bastion.ts")).connectToBastion,
  },
  import.meta.dirname,
);
