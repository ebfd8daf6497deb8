#!/bin/sh
//usr/bin/env true; exec node "$(dirname "$(readlink -f "$0")")/launcher.mjs" "$0" "$@"
// Transfers files to and from a bastion with sftp. Manual: docs/commands.md
import { parseSftpArguments, sftpFlags, sftpUsage } from "./bastion/sftp-command-line.ts";
import { runCommand } from "./command/run-command.ts";

void runCommand(
  {
    name: "sftp",
    usage: sftpUsage,
    flags: sftpFlags,
    parse: parseSftpArguments,
    bastionOf: ({ target }) => target.word,
    load: async () => (await import("./bastion/sftp-to-bastion.ts")).sftpToBastion,
  },
  import.meta.dirname,
);
