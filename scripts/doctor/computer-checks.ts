// What must hold on this computer: programs, credentials, clock.
import { execFile } from "node:child_process"; // its output is wanted on stderr, and there is no shell to quote for
import { promisify } from "node:util";
import type { CommandContext } from "../command/command-context.ts";
import { openSshProgram } from "../platform/windows.ts";
import { INSTALL_OPENSSH } from "../ssh/launch-ssh.ts";
import { type Check, type Finding, broken, ok, unsure } from "./check.ts";

/** AWS takes a signature whose time is so far off, and no more; commands learn the true time from its answers. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;

/** The first OpenSSH that knows all settings that are used. */
const OLDEST_OPENSSH = 8.0;

/** Tools, credentials, clock. */
export function computerChecks({ aws, process }: Pick<CommandContext, "aws" | "process">): Check[] {
  return [
    { name: "ssh", examine: () => examineSsh(openSshProgram("ssh", process.platform)) },
    {
      name: "credentials",
      async examine() {
        const arn = await aws.callerArn();
        return ok(`${arn}, account ${arn.split(":")[4] ?? ""}, ${aws.region}`);
      },
    },
    { name: "clock", examine: async () => judgeClock(await aws.clockOffset()) },
  ];
}

async function examineSsh(program: string): Promise<Finding> {
  try {
    const { stderr } = await promisify(execFile)(program, ["-V"]);
    return judgeSshVersion(stderr.trim());
  } catch {
    return broken("there is no ssh on the PATH", INSTALL_OPENSSH);
  }
}

/** What `ssh -V` says. */
export function judgeSshVersion(said: string): Finding {
  const version = /^OpenSSH_(?:for_Windows_)?(\d+\.\d+)/.exec(said)?.[1];
  if (version === undefined) return unsure(`ssh is ${said}, not OpenSSH`);
  if (Number(version) >= OLDEST_OPENSSH) return ok(said);
  return broken(`ssh is ${said}, too old`, `update it: OpenSSH ${OLDEST_OPENSSH.toFixed(1)} or later`);
}

/** How far this computer's clock is behind AWS's. */
export function judgeClock(offsetMs: number): Finding {
  const seconds = Math.round(Math.abs(offsetMs) / 1_000);
  if (Math.abs(offsetMs) < CLOCK_TOLERANCE_MS) return ok(`within ${seconds + 1} s of AWS's`);
  const side = offsetMs > 0 ? "behind" : "ahead of";
  const met = `this computer's clock is ${seconds} s ${side} AWS's; these commands cope, other tools will not`;
  return unsure(met, "set it: timedatectl set-ntp true, or the system settings");
}
