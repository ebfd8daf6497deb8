// Session Manager's client: what other code may use of it.
import type { Agent } from "node:http";
import { DataChannel } from "./data-channel/data-channel.ts";
import { DEFAULT_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES } from "./data-channel/outgoing-stream.ts";
import type { ResumeSession } from "./data-channel/resumption.ts";
import type { SessionEventListener } from "./data-channel/session-event.ts";
import type { SessionTicket } from "./data-channel/session-ticket.ts";
import { webSocketTransport } from "./data-channel/websocket-transport.ts";
import type { SignUpgrade } from "./data-channel/websocket-transport.ts";
import type { Clock } from "./clock.ts";
import type { ChannelSession } from "./data-channel/data-channel.ts";
import type { HandshakeOutcome } from "./data-channel/handshake.ts";
import type { SessionEnd } from "./data-channel/session-end.ts";
import type { SessionEncryption } from "./encryption/data-key.ts";
import { newPortForwarding } from "./sessions/new-port-forwarding.ts";
import type { PortForwarding } from "./sessions/port-forwarding.ts";
import { ShellSession } from "./sessions/shell.ts";
import type { Shell } from "./sessions/shell.ts";
import { StandardStream } from "./sessions/standard-stream.ts";
import type { TerminalSize } from "./wire/terminal-size.ts";

export { ConnectionError } from "./data-channel/connection-error.ts";
export type { ConnectionErrorCode } from "./data-channel/connection-error.ts";
export type { ResumeSession } from "./data-channel/resumption.ts";
export { SessionEndedError } from "./data-channel/session-end.ts";
export type { SessionEnd } from "./data-channel/session-end.ts";
export type { SessionEvent, SessionEventListener } from "./data-channel/session-event.ts";
export type { SessionTicket } from "./data-channel/session-ticket.ts";
export type { SignUpgrade } from "./data-channel/websocket-transport.ts";
export type {
  DataKey,
  EncryptionContext,
  GenerateDataKey,
  RequiredEncryption,
  SessionEncryption,
} from "./encryption/data-key.ts";
export { ProtocolError } from "./protocol-error.ts";
export type { PortForwarding } from "./sessions/port-forwarding.ts";
export type { Shell } from "./sessions/shell.ts";
export { StreamError } from "./sessions/stream-error.ts";
export type { StreamErrorCode } from "./sessions/stream-error.ts";
export type { StandardStream } from "./sessions/standard-stream.ts";
export type { TerminalSize } from "./wire/terminal-size.ts";

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
   * Bytes of one message to the agent, from 1,024 to 4,096. The agent takes any of these; that the service lets more than
   * 1,536 pass is not known.
   *
   * @default 1024
   */
  readonly maxPayloadBytes?: number;
  /**
   * Lets the session go on after a lost connection.
   *
   * @default - a lost connection is the end of the session
   */
  readonly resume?: ResumeSession;
  /**
   * Lets the session be encrypted with a data key of KMS, or demands it.
   *
   * @default - a session whose agent asks for encryption is refused; agents ask in shells and commands, not in ports
   */
  readonly encryption?: SessionEncryption | undefined;
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

/** What a shell needs besides. */
export interface ShellOptions extends SessionOptions {
  /**
   * Of the terminal at this end; the first thing that the far side hears.
   *
   * @default - the agent's own idea
   */
  readonly size?: TerminalSize | undefined;
}

/**
 * A shell (SSM-SessionManagerRunShell and its like) or a command (AWS-StartInteractiveCommand,
 * AWS-StartNonInteractiveCommand), as the session's document says.
 *
 * Without encryption a shell or an interactive command begins with its first output, and nothing can be typed before;
 * after 35 s of silence it is taken to run all the same.
 *
 * @throws as openStandardStream(); ProtocolError with a code ENCRYPTION_… where the session cannot be encrypted, or is not
 *   encrypted as it must be
 */
export async function openShell(options: ShellOptions): Promise<Shell> {
  const { signal, size } = options;
  const shell = await openSession({ ...options, mayBeSilent: true }, (channel, outcome) => {
    return new ShellSession(channel, outcome, size);
  });
  onAbort(signal, shell.ended, () => void shell.close());
  return shell;
}

async function openSession<Session extends ChannelSession>(
  options: SessionOptions & { readonly mayBeSilent?: boolean },
  accept: (channel: DataChannel, outcome: HandshakeOutcome) => Session,
): Promise<Session> {
  const { maxPayloadBytes = DEFAULT_PAYLOAD_BYTES } = options;
  if (!(maxPayloadBytes >= DEFAULT_PAYLOAD_BYTES && maxPayloadBytes <= MAX_PAYLOAD_BYTES)) {
    throw new RangeError(`cannot open session: maxPayloadBytes is ${maxPayloadBytes}, not between 1024 and 4096`);
  }
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
