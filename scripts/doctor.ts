#!/bin/sh
//usr/bin/env true; exec node "$(dirname "$(readlink -f "$0")")/launcher.mjs" "$0" "$@"
// Says which link between this computer and a bastion is broken. Manual: docs/commands.md
import { runCommand } from "./command/run-command.ts";
import { doctorFlags, doctorUsage, parseDoctorArguments } from "./doctor/doctor-arguments.ts";

void runCommand(
  {
    name: "doctor",
    usage: doctorUsage,
    flags: doctorFlags,
    parse: parseDoctorArguments,
    load: async () => (await import("./doctor/examine-bastion.ts")).examineBastion,
  },
  import.meta.dirname,
);
