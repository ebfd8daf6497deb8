// What the words of each command are: its own flags, and what stands behind and between them.
import { auditFlags } from "../audit/audit-arguments.ts";
import { connectFlags } from "../bastion/connect-arguments.ts";
import { proxyFlags } from "../bastion/proxy-arguments.ts";
import { sftpFlags } from "../bastion/sftp-command-line.ts";
import { sshConfigFlags } from "../bastion/ssh-config-arguments.ts";
import { type Flags, commonFlags } from "../command/command-line.ts";
import { copyFlags } from "../copy/copy-arguments.ts";
import { doctorFlags } from "../doctor/doctor-arguments.ts";
import { shellFlags } from "../shell/shell-arguments.ts";
import { tunnelFlags } from "../tunnel/tunnel-arguments.ts";
import { completionFlags, shells } from "./completion-arguments.ts";

/** What a word is; `file` and `unknown` are left to the shell. */
export type WordKind =
  | "bastion"
  /** `NAME:PATH` on a bastion, or a file. */
  | "place"
  | "rds"
  | "cache"
  /** One of the settings' targets. */
  | "target"
  /** A tunnel that runs. */
  | "tunnel"
  | "file"
  | "unknown"
  | readonly string[];

export interface CompletedCommand {
  readonly flags: Flags;
  /** In their order; the last one stands for all that follow. */
  readonly positionals: readonly WordKind[];
}

const login = ["bastion", "file"] as const;
const oneBastion = ["bastion", "unknown"] as const;

const own: Readonly<Record<string, CompletedCommand>> = {
  audit: { flags: auditFlags, positionals: oneBastion },
  completion: { flags: completionFlags, positionals: [shells, "unknown"] },
  connect: { flags: connectFlags, positionals: login },
  copy: { flags: copyFlags, positionals: ["place"] },
  doctor: { flags: doctorFlags, positionals: oneBastion },
  proxy: { flags: proxyFlags, positionals: oneBastion },
  sftp: { flags: sftpFlags, positionals: login },
  shell: { flags: shellFlags, positionals: oneBastion },
  "ssh-config": { flags: sshConfigFlags, positionals: ["bastion"] },
  tunnel: { flags: tunnelFlags, positionals: ["unknown"] },
};

/** By name, with the flags that all have. */
export const completedCommands: Readonly<Record<string, CompletedCommand>> = Object.fromEntries(
  Object.entries(own).map(([name, { flags, positionals }]) => [
    name,
    { flags: { ...flags, ...commonFlags }, positionals },
  ]),
);

const valueKinds: Readonly<Record<string, WordKind>> = {
  bastion: "bastion",
  cache: "cache",
  file: "file",
  i: "file",
  rds: "rds",
  stop: "tunnel",
  to: "target",
  via: ["ssh", "port"],
};

/** What the value of a flag is; a flag means the same in all commands. */
export function valueKind(flag: string): WordKind {
  return valueKinds[flag] ?? "unknown";
}

/** As it is written. */
export function flagWord(flag: string): string {
  return flag.length === 1 ? `-${flag}` : `--${flag}`;
}
