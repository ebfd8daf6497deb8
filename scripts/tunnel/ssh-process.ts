// An ssh without a terminal of its own: what it says is read, not shown.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { Clock } from "../../session-manager/clock.ts";
import { errorCode } from "../errors/error-code.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { UserError } from "../errors/user-error.ts";
import { INSTALL_OPENSSH } from "../ssh/launch-ssh.ts";

/** It, running. */
export interface SshProcess {
  /** Resolves with its status, or the name of the signal that ended it; never rejects. */
  readonly ended: Promise<number | string>;
  /** Asks it to end, and sees to it that it does; resolves when it has. */
  stop(): Promise<void>;
}

const PATIENCE_MS = 2_000;

/**
 * Starts ssh with nothing to read.
 *
 * @param program - its name or path
 * @param onLine - gets each line that it says, foreign text among them
 * @throws UserError (69) when there is no ssh
 */
export async function startSsh(
  program: string,
  sshArguments: readonly string[],
  onLine: (line: string) => void,
  clock: Clock,
): Promise<SshProcess> {
  // A group of its own: Ctrl-C is for us, and for the command that the tunnel serves.
  const options = { detached: true, windowsHide: true } as const;
  const ssh = spawn(program, sshArguments, { ...options, stdio: ["ignore", "ignore", "pipe"] });
  createInterface({ input: ssh.stderr }).on("line", onLine);
  const ended = new Promise<number | string>((resolve) => {
    // Not "close": the ProxyCommand has its stderr too, and goes a moment later.
    ssh.once("exit", (status, signal) => {
      resolve(status ?? signal ?? "no status");
    });
  });
  await spawned(ssh);
  return {
    ended,
    async stop() {
      ssh.kill("SIGTERM");
      const cancel = clock.schedule(PATIENCE_MS, () => ssh.kill("SIGKILL"));
      await ended;
      cancel();
    },
  };
}

function spawned(ssh: ChildProcessByStdio<null, null, Readable>): Promise<void> {
  return new Promise((resolve, reject) => {
    ssh.once("spawn", resolve);
    ssh.once("error", (cause) => {
      const met = errorCode(cause) === "ENOENT" ? "it is not on the PATH" : cause.message;
      reject(
        new UserError(`cannot start ssh: ${met}`, { hint: INSTALL_OPENSSH, exitCode: ExitCode.Unavailable, cause }),
      );
    });
  });
}
