#!/bin/sh
//usr/bin/env true; exec node "$(dirname "$(readlink -f "$0")")/launcher.mjs" "$0" "$@"
// Says who has opened which session, or sent which key, to which instance. Manual: docs/commands.md
import { auditFlags, auditUsage, parseAuditArguments } from "./audit/audit-arguments.ts";
import { runCommand } from "./command/run-command.ts";

void runCommand(
  {
    name: "audit",
    usage: auditUsage,
    flags: auditFlags,
    parse: parseAuditArguments,
    load: async () => (await import("./audit/audit-access.ts")).auditAccess,
  },
  import.meta.dirname,
);
