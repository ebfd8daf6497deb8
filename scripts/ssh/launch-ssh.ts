// Starts the OpenSSH client on the person's own terminal, and ends it when it must.
import { constants } from "node:os";
import type { ProcessPromise } from "zx/core";
import type { Clock } from "../../session-manager/clock.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { UserError } from "../errors/user-error.ts";
import { shellQuote } from "./shell-quote.ts";

/** ssh, running. */
export interface RunningSsh {
  /** Its exit status; 128 + the signal's number when a signal ended it. Never rejects. */
  readonly exitCode: Promise<number>;
  /** Asks it to end, and sees to it that it does; resolves when it has. */
  stop(): Promise<void>;
}

/** Long enough for ssh to give the terminal back; then it is killed. */
const PATIENCE_MS = 2_000;

/** Starts ssh with stdin, stdout and stderr of this process. */
export type LaunchSsh = (sshArguments: readonly string[]) => RunningSsh;

/**
 * Finds ssh and all that it takes to start it, so that starting it takes no time.
 *
 * @throws UserError (69) when there is no ssh
 */
export async function prepareSsh(clock: Clock): Promise<LaunchSsh> {
  const { $, which } = await import("zx/core");
  const program = await which("ssh", { nothrow: true });
  if (program === null) {
    const hint = "install it: apt-get install openssh-client, dnf install openssh-clients, brew install openssh";
    throw new UserError("cannot start ssh: it is not on the PATH", { hint, exitCode: ExitCode.Unavailable });
  }
  // The shell that zx starts becomes ssh ("exec"), so that signals and the terminal meet ssh itself.
  const execute = $({
    stdio: "inherit",
    nothrow: true,
    quiet: true,
    shell: "/bin/sh",
    prefix: "exec ",
    postfix: "",
    quote: shellQuote,
  });
  return (sshArguments) => running(execute`${program} ${[...sshArguments]}`, clock);
}

function running(ssh: ProcessPromise, clock: Clock): RunningSsh {
  const exitCode = statusOf(ssh);
  return {
    exitCode,
    async stop() {
      ssh.child?.kill("SIGTERM");
      const cancel = clock.schedule(PATIENCE_MS, () => ssh.child?.kill("SIGKILL"));
      await exitCode;
      cancel();
    },
  };
}

async function statusOf(
  running: PromiseLike<{ exitCode: number | null; signal: NodeJS.Signals | null }>,
): Promise<number> {
  const { exitCode, signal } = await running;
  return exitCode ?? 128 + signalNumber(signal);
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : constants.signals[signal];
}
