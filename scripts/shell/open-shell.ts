// Opens a shell or runs a command on an instance, through Session Manager alone.
import { openShell } from "../../session-manager/index.ts";
import type { SessionEncryption, SessionOptions, Shell } from "../../session-manager/index.ts";
import { findBastion } from "../bastion/find-bastion.ts";
import { startAndOpen, terminateSession } from "../bastion/open-session.ts";
import { claimAndSweep, makeWorkDirectory } from "../bastion/private-work.ts";
import type { Instance, StartSessionRequest } from "../command/aws-ports.ts";
import type { CommandContext } from "../command/command-context.ts";
import { untilAborted } from "../command/until-aborted.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { UserError } from "../errors/user-error.ts";
import type { WorkDirectory } from "../platform/work-directory.ts";
import { shellQuote } from "../ssh/shell-quote.ts";
import { runShell, type ShellKind, withoutBanner } from "./run-shell.ts";
import type { RemoteCommand, ShellArguments } from "./shell-arguments.ts";

/**
 * Opens it; resolves with the command's exit status, or 0 when a shell has ended.
 *
 * @throws UserError for what a person can act on, ProtocolError, or the signal's reason
 */
export async function openShellOn(given: ShellArguments, context: CommandContext): Promise<number> {
  const work = makeWorkDirectory(context);
  const sweeping = claimAndSweep(work, context);
  try {
    context.aws.prepareSession();
    const instance = await untilAborted(findBastion(given.target, context), context.signal);
    return await openAndRun({ ...given, instance, work }, context);
  } finally {
    work.remove();
    await sweeping;
  }
}

interface ShellRequest extends ShellArguments {
  readonly instance: Instance;
  readonly work: WorkDirectory;
}

async function openAndRun(request: ShellRequest, context: CommandContext): Promise<number> {
  const { instance, command, work } = request;
  const kind: ShellKind = command === undefined || command.onTerminal ? "terminal" : "command";
  const { sessionId, opened: shell } = await startAndOpen(
    { ...request, session: sessionOf(request) },
    (options) => open(options, { ...request, kind }, context),
    {
      ...context,
      recordSession: (session) => {
        work.recordSession(session);
      },
    },
  );
  context.reporter.debug(`session ${sessionId} is open on ${instance.instanceId}`);
  try {
    return await runShell(shell, kind, context);
  } finally {
    await shell.close();
    await terminateSession(sessionId, context);
  }
}

function sessionOf({ instance: { instanceId }, command, reason }: ShellRequest): StartSessionRequest {
  if (command === undefined) return { instanceId, documentName: undefined, parameters: {}, reason };
  if (command.onTerminal) {
    const documentName = "AWS-StartInteractiveCommand";
    return { instanceId, documentName, parameters: { command: [command.line] }, reason };
  }
  // Only where the outputs are separate does the agent tell the exit code, and what is written as it is written.
  const parameters = { command: [forAgent(command)], separateOutputStream: ["true"] };
  return { instanceId, documentName: "AWS-StartNonInteractiveCommand", parameters, reason };
}

/** The agent splits a line into words and runs them without a shell, where ssh would have one. */
function forAgent({ line }: RemoteCommand): string {
  return `sh -c ${shellQuote(line)}`;
}

async function open(
  options: SessionOptions,
  { instance, kind, requiredEncryption }: ShellRequest & { readonly kind: ShellKind },
  { aws, rawTerminal }: CommandContext,
): Promise<Shell> {
  const encryption: SessionEncryption = {
    generateDataKey: (kmsKeyId, encryptionContext) => aws.generateDataKey(kmsKeyId, encryptionContext),
    targetId: instance.instanceId,
    required: requiredEncryption,
  };
  const size = kind === "terminal" ? rawTerminal?.size : undefined;
  try {
    return await openShell({ ...options, encryption, size });
  } catch (error) {
    throw translateRefusal(error);
  }
}

/** Refusals that only shells meet; others pass. */
function translateRefusal(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if ("code" in error && (error.code === "ENCRYPTION_MISSING" || error.code === "ENCRYPTION_KEY_UNEXPECTED")) {
    return new UserError(error.message, {
      hint: "the account's session preferences name the key: docs/commands.md, shell",
      exitCode: ExitCode.Unavailable,
      cause: error,
    });
  }
  return error.name === "SessionEndedError" ? sessionEnded(error) : error;
}

function sessionEnded(cause: Error): UserError {
  const reason = withoutBanner(cause.message.replace("session has ended: ", ""));
  const hint = reason.includes("data key")
    ? "encrypted sessions: the instance's role needs kms:Decrypt on the key, and its network a way to KMS (docs/permissions.md)"
    : "the words are the agent's; --debug shows more";
  return new UserError(`cannot open session: ${reason}`, { hint, exitCode: ExitCode.Unavailable, cause });
}
