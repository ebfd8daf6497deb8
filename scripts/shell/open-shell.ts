// Opens a shell or runs a command on an instance, through Session Manager alone.
import { openShell } from "../../session-manager/index.ts";
import type { SessionEncryption, SessionOptions, Shell } from "../../session-manager/index.ts";
import { findBastion } from "../bastion/find-bastion.ts";
import { startAndOpen, terminateSession } from "../bastion/open-session.ts";
import { claimAndSweep, makeWorkDirectory } from "../bastion/private-work.ts";
import type { Instance } from "../command/aws-ports.ts";
import type { CommandContext } from "../command/command-context.ts";
import { untilAborted } from "../command/until-aborted.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { UserError } from "../errors/user-error.ts";
import type { WorkDirectory } from "../platform/work-directory.ts";
import { runShell, type ShellKind, withoutBanner } from "./run-shell.ts";
import { endOfInput, sessionRequest } from "./session-request.ts";
import type { ShellArguments } from "./shell-arguments.ts";

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
    { ...request, session: sessionRequest(instance, request) },
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
    return await runShell(shell, { kind, endOfInput: endOfInput(instance) }, context);
  } finally {
    await shell.close();
    await terminateSession(sessionId, context);
  }
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
