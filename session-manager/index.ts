// Session Manager's client: what other code may use of it.
import type { Agent } from "node:http";
import { DataChannel } from "./data-channel/data-channel.ts";
import type { ResumeSession } from "./data-channel/resumption.ts";
import type { SessionEventListener } from "./data-channel/session-event.ts";
import type { SessionTicket } from "./data-channel/session-ticket.ts";
import { webSocketTransport } from "./data-channel/websocket-transport.ts";
import type { SignUpgrade } from "./data-channel/websocket-transport.ts";
import type { Clock } from "./clock.ts";
import type { ChannelSession } from "./data-channel/data-channel.ts";
import type { HandshakeOutcome } from "./data-channel/handshake.ts";
import type { SessionEnd } from "./data-channel/session-end.ts";
import { newPortForwarding } from "./sessions/new-port-forwarding.ts";
import type { PortForwarding } from "./sessions/port-forwarding.ts";
import { StandardStream } from "./sessions/standard-stream.ts";

export { ConnectionError } from "./data-channel/connection-error.ts";
export type { ConnectionErrorCode } from "./data-channel/connection-error.ts";
export type { ResumeSession } from "./data-channel/resumption.ts";
export { SessionEndedError } from "./data-channel/session-end.ts";
export type { SessionEnd } from "./data-channel/session-end.ts";
export type { SessionEvent, SessionEventListener } from "./data-channel/session-event.ts";
export type { SessionTicket } from "./data-channel/session-ticket.ts";
export type { SignUpgrade } from "./data-channel/websocket-transport.ts";
export { ProtocolError } from "./protocol-error.ts";
export type { PortForwarding } from "./sessions/port-forwarding.ts";
export { StreamError } from "./sessions/stream-error.ts";
export type { StreamErrorCode } from "./sessions/stream-error.ts";
export type { StandardStream } from "./sessions/standard-stream.ts";

/**
 * The version that we report when none is given.
 *
 * Agents decide by it what to speak: after 1.2.331.0 they multiplex without keep-alive, and it must have four numbers.
 */
const DEFAULT_CLIENT_VERSION = "1.2.764.0";

/** What every kind of session needs. */
export interface SessionOptions {
  /** StartSession's answer. A caller whose opening fails should call TerminateSession: the session exists already. */
  readonly ticket: SessionTicket;
  readonly clock: Clock;
  /** Signs the upgrade of the websocket; `{}` leaves it unsigned. Called again for each new connection. */
  readonly signUpgrade: SignUpgrade;
  /**
   * Makes the connections to the service, for example through a proxy; those to a loopback `ws:` URL go directly.
   *
   * @default - Node's own
   */
  readonly agent?: Agent | undefined;
  /** Ends the session when aborted, whether it is being opened or open. */
  readonly signal?: AbortSignal;
  /**
   * Four numbers with dots.
   *
   * @default "1.2.764.0"
   */
  readonly clientVersion?: string;
  /**
   * Lets the session go on after a lost connection.
   *
   * @default - a lost connection is the end of the session
   */
  readonly resume?: ResumeSession;
  /** Hears what happens, for --debug; never a token or a payload. */
  readonly onEvent?: SessionEventListener;
}

/**
 * An open stream to the port that the session's document names (AWS-StartSSHSession).
 *
 * @throws ConnectionError if the data channel cannot be opened or the agent does not answer, ProtocolError if the agent
 *   breaks the protocol, SessionEndedError if the service closes the session first, or the signal's reason
 */
export async function openStandardStream(options: SessionOptions): Promise<StandardStream> {
  const { clock, signal } = options;
  const stream = await openSession(options, (channel, outcome) => new StandardStream(channel, outcome, clock));
  onAbort(signal, stream.ended, () => stream.destroy(signal?.reason as Error));
  return stream;
}

/**
 * Connections to the port that the session's document names (AWS-StartPortForwardingSession, also …ToRemoteHost).
 *
 * @throws as openStandardStream()
 */
export async function openPortForwarding(options: SessionOptions): Promise<PortForwarding> {
  const { signal } = options;
  const forwarding = await openSession(options, (channel, outcome) => newPortForwarding(channel, outcome, options));
  onAbort(signal, forwarding.ended, () => void forwarding.close());
  return forwarding;
}

async function openSession<Session extends ChannelSession>(
  options: SessionOptions,
  accept: (channel: DataChannel, outcome: HandshakeOutcome) => Session,
): Promise<Session> {
  let session: Session | undefined;
  const channel = new DataChannel({
    ...options,
    openTransport: webSocketTransport(options),
    clientVersion: options.clientVersion ?? DEFAULT_CLIENT_VERSION,
    accept: (opened, outcome) => (session = accept(opened, outcome)),
  });
  await channel.open(options.signal);
  return session as unknown as Session; // open() resolves after accept() only
}

function onAbort(signal: AbortSignal | undefined, ended: Promise<SessionEnd>, action: () => void): void {
  if (signal?.aborted === true) action();
  signal?.addEventListener("abort", action, { once: true });
  void ended.then(() => signal?.removeEventListener("abort", action));
}
