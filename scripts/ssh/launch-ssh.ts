// Starts the OpenSSH client on the person's own terminal, and ends it when it must.
import { constants } from "node:os";
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

/**
 * Starts ssh with stdin, stdout and stderr of this process.
 *
 * @throws UserError (69) when there is no ssh
 */
export async function launchSsh(sshArguments: readonly string[], clock: Clock): Promise<RunningSsh> {
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
  const running = execute`${program} ${[...sshArguments]}`;
  const exitCode = statusOf(running);
  return {
    exitCode,
    async stop() {
      running.child?.kill("SIGTERM");
      const cancel = clock.schedule(PATIENCE_MS, () => running.child?.kill("SIGKILL"));
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
