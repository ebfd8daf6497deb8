#!/bin/sh
//usr/bin/env true; exec node "$(dirname "$(readlink -f "$0")")/launcher.mjs" "$0" "$@"
// Prints or installs the Host blocks by which plain ssh reaches bastions. Manual: docs/commands.md
import { parseSshConfigArguments, sshConfigFlags, sshConfigUsage } from "./bastion/ssh-config-arguments.ts";
import { runCommand } from "./command/run-command.ts";

void runCommand(
  {
    name: "ssh-config",
    usage: sshConfigUsage,
    flags: sshConfigFlags,
    parse: parseSshConfigArguments,
    load: async () => (await import("./bastion/configure-ssh.ts")).configureSsh,
  },
  import.meta.dirname,
);
