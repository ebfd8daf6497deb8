// Carries keys and output between the person's streams and a shell on the instance, until one of them ends.
import { pipeline } from "node:stream/promises";
import type { SessionEnd, Shell } from "../../session-manager/index.ts";
import type { CommandContext } from "../command/command-context.ts";
import { untilAborted } from "../command/until-aborted.ts";
import { errorCode } from "../errors/error-code.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { UserError } from "../errors/user-error.ts";
import { EscapeKeys } from "./escape-keys.ts";

/** What the far side is: a program on a terminal of its own, or a command without one. */
export type ShellKind = "terminal" | "command";

export interface ShellUse {
  readonly kind: ShellKind;
  /** Typed where the person's input ends. */
  readonly endOfInput: string;
}

export type RunShellNeeds = Pick<CommandContext, "standardStreams" | "rawTerminal" | "signal" | "reporter">;

/** 128 + SIGPIPE, as a shell reports a program whose reader has gone. */
const READER_GONE = 141;

const NEW_LINE = 0x0a;

/**
 * The exit status: the command's own, 0 for a shell that ended regularly, 130 when the person left with `~.`.
 *
 * @throws UserError when the session ended otherwise; ProtocolError, or the signal's reason
 */
export async function runShell(shell: Shell, use: ShellUse, needs: RunShellNeeds): Promise<number> {
  const { kind } = use;
  const { standardStreams, signal } = needs;
  const { output, errorOutput } = standardStreams;
  const left = new AbortController();
  const stopTyping = kind === "terminal" ? startTyping(shell, { ...use, left }, needs) : () => undefined;
  try {
    const shown = Promise.all([
      pipeline(shell.stdout, output, { end: false }),
      pipeline(shell.stderr, errorOutput, { end: false }),
    ]);
    await untilAborted(Promise.race([shown, untilAborted(forever, left.signal)]), signal);
    return exitStatus(kind, await shell.exitCode, await shell.ended);
  } catch (error) {
    if (error === LEFT) return ExitCode.Interrupted;
    if (errorCode(error) === "EPIPE") return READER_GONE;
    throw translateLoss(error);
  } finally {
    stopTyping();
  }
}

const forever = new Promise<never>(() => undefined);
const LEFT = Symbol("left");

/** Takes the terminal, or what stands in for one. @returns a function that gives it back */
function startTyping(
  shell: Shell,
  { endOfInput, left }: ShellUse & { readonly left: AbortController },
  { standardStreams: { input }, rawTerminal }: RunShellNeeds,
): () => void {
  if (rawTerminal === undefined) {
    pipeline(input, (source: AsyncIterable<Buffer>) => endedBy(endOfInput, source), shell.stdin).catch(() => undefined); // the shell has ended before its input
    return () => undefined;
  }
  const giveBack = rawTerminal.takeKeys();
  const stopResizing = rawTerminal.onResize(() => {
    shell.resize(rawTerminal.size);
  });
  const escapes = new EscapeKeys(() => {
    left.abort(LEFT);
  });
  pipeline(input, escapes, shell.stdin).catch(() => undefined);
  return () => {
    stopResizing();
    giveBack();
  };
}

async function* endedBy(endOfInput: string, source: AsyncIterable<Buffer>): AsyncIterable<Buffer | string> {
  let last: number | undefined = NEW_LINE;
  for await (const bytes of source) {
    last = bytes.at(-1);
    yield bytes;
  }
  if (last !== NEW_LINE) yield "\n";
  yield endOfInput;
}

function exitStatus(kind: ShellKind, exitCode: number | undefined, end: SessionEnd): number {
  if (exitCode !== undefined) return exitCode;
  const isRegular = end.by === "agent" && end.reason === "closed by the service";
  if (kind === "terminal" && isRegular) return ExitCode.Success;
  const what = kind === "terminal" ? "the session has ended" : "the session has ended without an exit status";
  throw new UserError(`${what}: ${withoutBanner(end.reason)}`, {
    hint: "run the command again for a new session; what ran on the instance may have ended with it",
    exitCode: ExitCode.Unavailable,
  });
}

/** AWS's agent begins the reason of a failure with a line of dashes. */
export function withoutBanner(reason: string): string {
  return reason.replace(/^-+ERROR-+ /, "");
}

function translateLoss(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== "ConnectionError") return error;
  return new UserError(`the session is lost: ${error.message}`, {
    hint: "run the command again for a new session; what ran in the foreground ends with this one",
    exitCode: ExitCode.Unavailable,
    cause: error,
  });
}
