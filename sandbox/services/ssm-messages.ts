// ssmmessages: the websockets by which clients open their sessions' data channels, and the agent at their other end.
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import type { Clock } from "../../session-manager/clock.ts";
import { ProtocolError } from "../../session-manager/protocol-error.ts";
import { encodeAgentMessage, MessageFlags, MessageType } from "../../session-manager/wire/agent-message.ts";
import { encodeChannelClosed } from "../../session-manager/wire/channel-closed.ts";
import { decodeOpenDataChannel } from "../../session-manager/wire/open-data-channel.ts";
import { AgentSession } from "../agent/agent-session.ts";
import type { SessionEncryption } from "../agent/handshake.ts";
import { sessionKind } from "../agent/document.ts";
import { pluginStarter } from "../agent/start-plugin.ts";
import type { PreferredShell } from "../agent/preferred-shell.ts";
import { FAST_TIMING, type AgentTiming } from "../agent/timing.ts";
import type { Faults } from "../faults.ts";
import type { Instances } from "../instances/instances.ts";
import { ClientSocket } from "./client-socket.ts";
import type { Session, Sessions } from "./sessions.ts";

export interface SsmMessagesOptions {
  readonly sessions: Sessions;
  /** What sessions end at: connections and logins of the instances. */
  readonly instances: Pick<Instances, "connectFrom" | "login">;
  readonly clock: Clock;
  readonly faults: Faults;
  /** Four numbers with dots. */
  readonly agentVersion?: string;
  readonly timing?: AgentTiming;
  /** How this session is encrypted; none for one in clear. */
  readonly encryption?: (session: Session) => PreferredEncryption | undefined;
  /** What the account's preferences ask of this session's shell; nothing where there are none. */
  readonly shell?: (session: Session) => PreferredShell | undefined;
  /** How long a session may go without a word of its client, if the preferences do not say; the service's own default is 20 minutes. */
  readonly idleLimitMs?: number;
}

/** The KMS key of the account's session preferences, and KMS as the instance reaches it. */
export interface PreferredEncryption {
  readonly kmsKeyId: string;
  /** KMS's Decrypt, with the instance's role. */
  readonly decrypt: (ciphertext: Buffer, encryptionContext: Readonly<Record<string, string>>) => Promise<Buffer>;
}

/** The agent that a bastion of today has; new enough for multiplexing without keep-alive. */
const AGENT_VERSION = "3.3.987.0";

const IDLE_LIMIT_MS = 20 * 60_000;
const IDLE_REASON = "Your session timed out due to inactivity and has been terminated.";

/** Ours: AWS documents the limit, and not its words. */
const TOO_OLD_REASON = "Your session has reached its maximum duration and has been terminated.";

/** How long a websocket may take to bring its token. */
const TOKEN_LIMIT_MS = 15_000;

/** How long a client may take to leave after channel_closed; cutting at once would make it resume. */
const LEAVING_LIMIT_MS = 5_000;

/** Ceiling of one websocket message. Clients send 1.1 KiB; the agent takes any size. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

/** RFC 6455 section 7.4.1. */
const POLICY_VIOLATION = 1008;
const NORMAL_CLOSURE = 1000;

const PATH = /^\/v1\/data-channel\/([^/?]+)(?:\?|$)/;

/** A session whose data channel has been opened. */
interface OpenSession {
  readonly agent: AgentSession;
  client: ClientSocket | undefined;
  callOffIdleCheck: () => void;
  callOffMaximum: () => void;
}

/** Opens data channels with their tokens and runs the agent's side of each session. */
export class SsmMessages {
  readonly #options: SsmMessagesOptions;
  readonly #server: WebSocketServer;
  readonly #open = new Map<string, OpenSession>();
  readonly #webSockets = new Set<WebSocket>();
  readonly #stopListening: () => void;

  constructor(options: SsmMessagesOptions) {
    this.#options = options;
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
      clientTracking: false,
      autoPong: false,
    });
    this.#stopListening = options.sessions.onEnded((session, reason) => {
      this.#end(session, reason);
    });
  }

  /** Takes over an upgrade of `/v1/data-channel/<session id>`; who may ask for it has been checked before. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const [, sessionId] = PATH.exec(request.url ?? "") ?? [];
    if (sessionId === undefined) {
      socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      this.#awaitToken(webSocket, socket, decoded(sessionId));
    });
  }

  /** Ends every session's agent and cuts every websocket. */
  close(): Promise<void> {
    this.#stopListening();
    for (const { agent, callOffIdleCheck, callOffMaximum } of this.#open.values()) {
      callOffIdleCheck();
      callOffMaximum();
      agent.stop("");
    }
    this.#open.clear();
    for (const webSocket of this.#webSockets) webSocket.terminate();
    return Promise.resolve();
  }

  #awaitToken(webSocket: WebSocket, transport: Duplex, sessionId: string): void {
    const { clock, faults } = this.#options;
    this.#webSockets.add(webSocket);
    const callOff = clock.schedule(TOKEN_LIMIT_MS, () => {
      webSocket.terminate();
    });
    webSocket.on("error", () => undefined); // a client that breaks RFC 6455 or is cut off; "close" follows
    webSocket.once("close", () => {
      callOff();
      this.#webSockets.delete(webSocket);
    });
    webSocket.on("ping", (data) => {
      if (!faults.stopPonging) webSocket.pong(data);
    });
    webSocket.once("message", (frame: Buffer, isBinary) => {
      callOff();
      const session = isBinary ? undefined : this.#redeem(sessionId, frame);
      if (session === undefined) webSocket.close(POLICY_VIOLATION, "token not accepted");
      else this.#join(session, webSocket, transport);
    });
  }

  #redeem(sessionId: string, frame: Buffer): Session | undefined {
    const { sessions, faults } = this.#options;
    if (faults.refuseResume && this.#open.has(sessionId)) return undefined;
    try {
      return sessions.redeem(sessionId, decodeOpenDataChannel(frame).tokenValue);
    } catch (error) {
      if (error instanceof ProtocolError) return undefined;
      throw error;
    }
  }

  #join(session: Session, webSocket: WebSocket, transport: Duplex): void {
    const { clock, faults } = this.#options;
    const open = this.#open.get(session.sessionId) ?? this.#start(session);
    open.client?.close(NORMAL_CLOSURE, "Bye"); // the same session, opened anew
    const client = new ClientSocket({
      webSocket,
      transport,
      clock,
      faults,
      onMessage: (message) => {
        open.agent.receive(message);
      },
      onPause: (isPaused) => {
        const message = publicationMessage(isPaused, clock.now());
        open.agent.receive(message);
        client.sendNow(message);
      },
      onClosed: () => {
        if (open.client !== client) return;
        open.client = undefined;
        open.agent.detach();
      },
    });
    open.client = client;
    open.agent.attach(client);
  }

  #start(session: Session): OpenSession {
    const { instances, clock, faults, timing = FAST_TIMING, agentVersion = AGENT_VERSION } = this.#options;
    const { sessionId, target, agentDocumentName: documentName = session.documentName } = session;
    const kind = sessionKind(documentName, session.parameters) ?? { sessionType: documentName, properties: null };
    const host = {
      clock,
      timing,
      agentVersion,
      dial: (name: string, port: number) => instances.connectFrom(target, name, port),
      login: () => instances.login(target),
      shell: this.#options.shell?.(session),
    };
    const agent = new AgentSession({
      clock,
      timing,
      agentVersion,
      kind,
      startPlugin: pluginStarter(kind, host),
      encryption: sessionEncryption(session, this.#options.encryption?.(session)),
      outputIntervalMs: () => Math.max(timing.outputIntervalMs, faults.outputIntervalMs),
    });
    const callOffMaximum = this.#watchAge(session);
    const open: OpenSession = { agent, client: undefined, callOffIdleCheck: () => undefined, callOffMaximum };
    this.#open.set(sessionId, open);
    instances.login(target).catch(() => undefined); // makes its SSH server ready meanwhile; dialing tells what is wrong
    this.#watchIdle(session, open);
    void agent.ended.then((reason) => {
      this.#options.sessions.end(sessionId, reason);
    });
    return open;
  }

  #watchAge({ sessionId, startDateMs, preferences }: Session): () => void {
    const { clock, sessions } = this.#options;
    if (preferences?.maxDurationMs === undefined) return () => undefined;
    return clock.schedule(startDateMs + preferences.maxDurationMs - clock.now(), () => {
      sessions.end(sessionId, TOO_OLD_REASON);
    });
  }

  #watchIdle(session: Session, open: OpenSession): void {
    const { clock, sessions } = this.#options;
    const idleLimitMs = session.preferences?.idleTimeoutMs ?? this.#options.idleLimitMs ?? IDLE_LIMIT_MS;
    const leftMs = open.agent.lastInputMs + idleLimitMs - clock.now();
    open.callOffIdleCheck = clock.schedule(leftMs, () => {
      if (clock.now() - open.agent.lastInputMs >= idleLimitMs) sessions.end(session.sessionId, IDLE_REASON);
      else this.#watchIdle(session, open);
    });
  }

  #end(session: Session, reason: string): void {
    const open = this.#open.get(session.sessionId);
    if (open === undefined) return;
    this.#open.delete(session.sessionId);
    open.callOffIdleCheck();
    open.callOffMaximum();
    open.agent.stop(reason);
    if (open.client !== undefined) this.#dismiss(open.client, session, reason);
  }

  /** Tells the client that the session is over, and waits for it to leave by itself. */
  #dismiss(client: ClientSocket, session: Session, reason: string): void {
    client.sendNow(channelClosed(session, reason, this.#options.clock.now()));
    client.awaitLeaving(LEAVING_LIMIT_MS);
  }
}

/** The data key is bound to the session and its target by KMS's encryption context. */
function sessionEncryption(
  { sessionId, target }: Session,
  preferred: PreferredEncryption | undefined,
): SessionEncryption | undefined {
  if (preferred === undefined) return undefined;
  const context = { "aws:ssm:SessionId": sessionId, "aws:ssm:TargetId": target };
  return {
    kmsKeyId: preferred.kmsKeyId,
    decryptDataKey: (ciphertext, randomChallenge) => {
      const challenge = randomChallenge === undefined ? {} : { "aws:ssm:RandomChallenge": randomChallenge };
      return preferred.decrypt(ciphertext, { ...context, ...challenge });
    },
  };
}

function channelClosed({ sessionId, target }: Session, reason: string, createdDateMs: number): Buffer {
  const messageId = randomUUID();
  const payload = encodeChannelClosed({ messageId, destinationId: target, sessionId, createdDateMs, output: reason });
  return serviceMessage(MessageType.channelClosed, payload, createdDateMs, messageId);
}

function publicationMessage(isPaused: boolean, createdDateMs: number): Buffer {
  const type = isPaused ? MessageType.pausePublication : MessageType.startPublication;
  return serviceMessage(type, Buffer.from(type), createdDateMs, randomUUID());
}

/** The service's own form: a header of 112 bytes, padded with NUL, without a payload type. */
function serviceMessage(messageType: string, payload: Buffer, createdDateMs: number, messageId: string): Buffer {
  const flags = MessageFlags.none;
  const fields = { messageType, createdDateMs, messageId, payload, flags };
  return encodeAgentMessage({ ...fields, schemaVersion: 1, sequenceNumber: 0, payloadType: undefined });
}

/** As a client wrote it into the path; what cannot be decoded names no session. */
function decoded(sessionId: string): string {
  try {
    return decodeURIComponent(sessionId);
  } catch {
    return "";
  }
}
