// Starts a program of OpenSSH's client on the person's own terminal, and ends it when it must.
import { constants } from "node:os";
import type { ProcessPromise } from "zx/core";
import type { Clock } from "../../session-manager/clock.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { UserError } from "../errors/user-error.ts";
import { shellQuote } from "./shell-quote.ts";

/** Those that log in by ssh. */
export type OpenSshProgram = "ssh" | "sftp";

/** One of them, running. */
export interface RunningSsh {
  /** Its exit status; 128 + the signal's number when a signal ended it. Never rejects. */
  readonly exitCode: Promise<number>;
  /** Asks it to end, and sees to it that it does; resolves when it has. */
  stop(): Promise<void>;
}

/** Long enough for ssh to give the terminal back; then it is killed. */
const PATIENCE_MS = 2_000;

/** Starts the program with stdin, stdout and stderr of this process. */
export type LaunchProgram = (programArguments: readonly string[]) => RunningSsh;

/**
 * Finds the program and all that it takes to start it, so that starting it takes no time.
 *
 * @throws UserError (69) when it is not there
 */
export async function prepareProgram(name: OpenSshProgram, clock: Clock): Promise<LaunchProgram> {
  const { $, which } = await import("zx/core");
  const program = await which(name, { nothrow: true });
  if (program === null) {
    const hint = "install it: apt-get install openssh-client, dnf install openssh-clients, brew install openssh";
    throw new UserError(`cannot start ${name}: it is not on the PATH`, { hint, exitCode: ExitCode.Unavailable });
  }
  // The shell that zx starts becomes the program ("exec"), so that signals and the terminal meet it directly.
  const execute = $({
    stdio: "inherit",
    nothrow: true,
    quiet: true,
    shell: "/bin/sh",
    prefix: "exec ",
    postfix: "",
    quote: shellQuote,
  });
  return (programArguments) => running(execute`${program} ${[...programArguments]}`, clock);
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
