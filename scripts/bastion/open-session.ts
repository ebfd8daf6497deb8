// Opens a session to the instance's sshd, and ends it on every way out.
import { type Clock, sleep } from "../../session-manager/clock.ts";
import type {
  ResumeSession,
  SessionEvent,
  SessionOptions,
  SignUpgrade,
  StandardStream,
} from "../../session-manager/index.ts";
import type { Aws, StartedSession } from "../command/aws-ports.ts";
import type { Reporter } from "../command/reporter.ts";
import { isCertificateRefused } from "../errors/certificate-refusal.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { UserError } from "../errors/user-error.ts";
import type { RecordedSession } from "../platform/work-directory.ts";
import { type HealingNeeds, type HealingRequest, startSessionHealing } from "./heal-connection.ts";

/** AWS's document for ssh: a tunnel to one port of the instance. */
const SSH_DOCUMENT = "AWS-StartSSHSession";
/** Ending a session is a courtesy: nobody waits for it for long. */
const TERMINATE_LIMIT_MS = 5_000;

export interface StartNeeds extends HealingNeeds {
  readonly aws: HealingNeeds["aws"] &
    Pick<Aws, "profile" | "resumeSession" | "terminateSession" | "signUpgrade" | "httpsAgent">;
  readonly reporter: Pick<Reporter, "say" | "wait" | "debug" | "warn">;
  /** Keeps the session where the next start finds it, should this process be killed. */
  recordSession(session: RecordedSession): void;
}

export interface OpenSessionNeeds extends StartNeeds {
  /** Opens the data channel: session-manager's openStandardStream. */
  openStream(options: SessionOptions): Promise<StandardStream>;
}

/** A session, started and open. */
export interface OpenSession {
  readonly sessionId: string;
  readonly stream: StandardStream;
  /** Ends it, here and at AWS; never rejects, and may be called again. */
  close(): Promise<void>;
}

/**
 * Opens a session to port 22 of the instance, healing its connection if need be.
 *
 * Once AWS has started the session, every failure ends it again.
 *
 * @throws UserError for what a person can act on, ProtocolError, or the signal's reason
 */
export async function openSession(
  request: Omit<HealingRequest, "session">,
  needs: OpenSessionNeeds,
): Promise<OpenSession> {
  const { instanceId } = request.instance;
  const session = { instanceId, documentName: SSH_DOCUMENT, parameters: { portNumber: ["22"] } };
  const { sessionId, opened } = await startAndOpen(
    { ...request, session },
    (options) => needs.openStream(options),
    needs,
  );
  return { sessionId, stream: opened, close: () => closeSession(sessionId, opened, needs) };
}

/**
 * Starts a session, healing the instance's connection if need be, and opens it with `open`.
 *
 * Once AWS has started the session, every failure ends it again.
 *
 * @throws as openSession()
 */
export async function startAndOpen<Opened>(
  request: HealingRequest,
  open: (options: SessionOptions) => Promise<Opened>,
  needs: StartNeeds,
): Promise<{ readonly sessionId: string; readonly opened: Opened }> {
  // Not abandoned when the signal comes: a session that AWS has started must be known by its id to be ended.
  const started = await startSessionHealing(request, needs);
  const { sessionId } = started;
  needs.recordSession({ sessionId, region: needs.aws.region, profile: needs.aws.profile });
  try {
    needs.signal.throwIfAborted();
    return { sessionId, opened: await open(sessionOptions(started, needs)) };
  } catch (error) {
    await terminateSession(sessionId, needs);
    throw translateOpening(error);
  }
}

function sessionOptions(ticket: StartedSession, { aws, clock, signal, reporter }: StartNeeds): SessionOptions {
  const signUpgrade: SignUpgrade = (url) => aws.signUpgrade(url);
  const resume: ResumeSession = (sessionId) => aws.resumeSession(sessionId);
  const onEvent = (event: SessionEvent): void => {
    tell(event, reporter);
  };
  return { ticket, clock, signal, signUpgrade, agent: aws.httpsAgent, resume, onEvent };
}

function tell(event: SessionEvent, reporter: Pick<Reporter, "debug" | "say" | "warn">): void {
  if (event.type === "customer-message") reporter.say(`the agent says: ${event.text}`);
  else if (event.type === "resume-attempt" && event.attempt === 2) {
    reporter.warn("the connection is lost; trying to resume the session");
  }
  reporter.debug(`session: ${JSON.stringify(event)}`);
}

async function closeSession(sessionId: string, stream: StandardStream, needs: StartNeeds): Promise<void> {
  stream.on("error", () => undefined); // whoever needed the stream has been told
  stream.destroy();
  await terminateSession(sessionId, needs);
}

/** Ends the session at AWS. Its errors change nothing: the session may be over already. */
export async function terminateSession(
  sessionId: string,
  { aws, clock, reporter }: { aws: Pick<Aws, "terminateSession">; clock: Clock; reporter: Pick<Reporter, "debug"> },
): Promise<void> {
  const limit = new AbortController();
  const terminated = aws.terminateSession(sessionId).catch((error: unknown) => {
    reporter.debug(`cannot terminate session ${sessionId}: ${String(error)}`);
  });
  const tooLong = sleep(TERMINATE_LIMIT_MS, clock, limit.signal).catch(() => undefined);
  await Promise.race([terminated, tooLong]);
  limit.abort();
}

/** Errors of session-manager, in words that a person can act on; others pass. */
function translateOpening(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error.name === "ConnectionError") return connectionFailed(error);
  if (error.name !== "SessionEndedError") return error;
  return new UserError(`cannot open session: ${error.message}`, {
    hint: "is sshd running on the instance? the agent ends a session whose port refuses connections",
    exitCode: ExitCode.Unavailable,
    cause: error,
  });
}

/** Statuses with which AWS's services refuse a caller: JSON services 400, the others 401 and 403. */
const REFUSALS: readonly unknown[] = [400, 401, 403];

function connectionFailed(cause: Error): UserError {
  if (cause.cause instanceof UserError) return cause.cause; // the proxy's own
  if ("statusCode" in cause && REFUSALS.includes(cause.statusCode)) {
    return new UserError("cannot open data channel: AWS does not allow ssmmessages:OpenDataChannel", {
      hint: `ask for the permission ssmmessages:OpenDataChannel; docs/permissions.md has the policy\nAWS says: ${cause.message}`,
      exitCode: ExitCode.Denied,
      cause,
    });
  }
  if (isCertificateRefused(cause)) {
    return new UserError("cannot open data channel: the service's certificate is not trusted", {
      hint: "behind a company's proxy: name its certificate authority with NODE_EXTRA_CA_CERTS",
      exitCode: ExitCode.Unavailable,
      cause,
    });
  }
  return new UserError(`cannot open data channel: ${cause.message}`, {
    hint: "may this computer reach ssmmessages.<region>.amazonaws.com, port 443? --debug shows more",
    exitCode: ExitCode.Unavailable,
    cause,
  });
}
