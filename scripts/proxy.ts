#!/bin/sh
//usr/bin/env true; exec node "$(dirname "$(readlink -f "$0")")/launcher.mjs" "$0" "$@"
// Carries one ssh connection to a bastion between stdin and stdout. Manual: docs/commands.md
import { parseProxyArguments, proxyFlags, proxyUsage } from "./bastion/proxy-arguments.ts";
import { runCommand } from "./command/run-command.ts";

void runCommand(
  {
    name: "proxy",
    usage: proxyUsage,
    flags: proxyFlags,
    parse: parseProxyArguments,
    bastionOf: ({ target }) => target.word,
    load: async () => (await import("./bastion/proxy-to-bastion.ts")).proxyToBastion,
    endsSilently: true,
  },
  import.meta.dirname,
);
