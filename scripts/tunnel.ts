#!/bin/sh
//usr/bin/env true; exec node "$(dirname "$(readlink -f "$0")")/launcher.mjs" "$0" "$@"
// Opens local ports that lead through a bastion. Manual: docs/commands.md
import { runCommand } from "./command/run-command.ts";
import { bastionOfTunnel, parseTunnelArguments, tunnelFlags, tunnelUsage } from "./tunnel/tunnel-arguments.ts";

void runCommand(
  {
    name: "tunnel",
    usage: tunnelUsage,
    flags: tunnelFlags,
    parse: parseTunnelArguments,
    bastionOf: bastionOfTunnel,
    load: async () => (await import("./tunnel/run-tunnel.ts")).runTunnel,
  },
  import.meta.dirname,
);
