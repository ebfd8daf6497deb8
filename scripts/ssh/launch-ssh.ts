// Starts a program of OpenSSH's client on the person's own terminal, and ends it when it must.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import type { Clock } from "../../session-manager/clock.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { UserError } from "../errors/user-error.ts";
import { openSshProgram } from "../platform/windows.ts";
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

export const INSTALL_OPENSSH =
  "install it: apt-get install openssh-client, dnf install openssh-clients, brew install openssh; " +
  "on Windows the optional feature OpenSSH Client";

/** Long enough for ssh to give the terminal back; then it is killed. */
const PATIENCE_MS = 2_000;

/** Starts the program with stdin, stdout and stderr of this process. */
export type LaunchProgram = (programArguments: readonly string[]) => RunningSsh;

/**
 * Finds the program and all that it takes to start it, so that starting it takes no time.
 *
 * @throws UserError (69) when it is not there
 */
export async function prepareProgram(
  name: OpenSshProgram,
  platform: NodeJS.Platform,
  clock: Clock,
): Promise<LaunchProgram> {
  if (platform === "win32") return prepareOnWindows(name, clock);
  const { $, which } = await import("zx/core");
  const program = await which(name, { nothrow: true });
  if (program === null) throw notInstalled(name, "not on the PATH");
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
  return (programArguments) => {
    const ssh = execute`${program} ${[...programArguments]}`;
    return running({ kill: (signal) => ssh.child?.kill(signal), ended: ssh }, clock);
  };
}

/** Without the shell: there is none, and nothing that it would have to become. */
function prepareOnWindows(name: OpenSshProgram, clock: Clock): LaunchProgram {
  const program = openSshProgram(name, "win32");
  if (!existsSync(program)) throw notInstalled(name, `not at ${program}`);
  return (programArguments) => {
    const ssh = spawn(program, programArguments, { stdio: "inherit" });
    const ended = new Promise<Ending>((resolve) => {
      ssh.once("exit", (exitCode, signal) => {
        resolve({ exitCode, signal });
      });
      ssh.once("error", () => {
        resolve({ exitCode: ExitCode.Unavailable, signal: null });
      });
    });
    return running({ kill: (signal) => ssh.kill(signal), ended }, clock);
  };
}

function notInstalled(name: string, met: string): UserError {
  const options = { hint: INSTALL_OPENSSH, exitCode: ExitCode.Unavailable };
  return new UserError(`cannot start ${name}: it is ${met}`, options);
}

interface Ending {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface Started {
  readonly kill: (signal: NodeJS.Signals) => unknown;
  readonly ended: PromiseLike<Ending>;
}

function running({ kill, ended }: Started, clock: Clock): RunningSsh {
  const exitCode = statusOf(ended);
  return {
    exitCode,
    async stop() {
      kill("SIGTERM");
      const cancel = clock.schedule(PATIENCE_MS, () => kill("SIGKILL"));
      await exitCode;
      cancel();
    },
  };
}

async function statusOf(ended: PromiseLike<Ending>): Promise<number> {
  const { exitCode, signal } = await ended;
  return exitCode ?? 128 + signalNumber(signal);
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : constants.signals[signal];
}
