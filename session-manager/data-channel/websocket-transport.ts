// The transport of real sessions: a websocket, over TLS everywhere but on this computer.
import { Buffer } from "node:buffer";
import type { Agent, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import WebSocket from "ws";
import type { Clock } from "../clock.ts";
import { ConnectionError } from "./connection-error.ts";
import { deferred } from "./deferred.ts";
import type { Deferred } from "./deferred.ts";
import { Liveness } from "./liveness.ts";
import { printableLine } from "./session-end.ts";
import type { OpenTransport, Transport, TransportListener } from "./transport.ts";

/** The largest message that is taken from the service; the largest ever seen has 16 KiB of payload. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;

/** From how many fragments a message may be put together: AWS's own client sends one for each 4 KiB. */
const MAX_MESSAGE_FRAGMENTS = 1024;

/** TCP, TLS and the upgrade together; AWS's own client waits as long. */
export const OPEN_LIMIT_MS = 45_000;

/** How long a close may take until the connection is cut. */
const CLOSE_LIMIT_MS = 1000;

/** How much of the service's answer to a refused upgrade is read, for the error's message. */
const MAX_REFUSAL_BYTES = 1024;

/** Headers that sign the upgrade of this URL; none leave it unsigned. */
export type SignUpgrade = (url: URL) => Promise<Record<string, string>>;

/** What the websocket needs from outside. */
export interface WebSocketTransportOptions {
  readonly clock: Clock;
  readonly signUpgrade: SignUpgrade;
  /**
   * Makes the connections of `wss:` URLs, for example through a proxy; those to this computer go directly.
   *
   * @default - Node's own
   */
  readonly agent?: Agent | undefined;
}

/** How sessions are opened over websockets. */
export function webSocketTransport(options: WebSocketTransportOptions): OpenTransport {
  return async (streamUrl, listener, signal) => {
    const url = allowedUrl(streamUrl);
    signal.throwIfAborted();
    const headers = await options.signUpgrade(url);
    signal.throwIfAborted();
    const { clock } = options;
    const agent = url.protocol === "wss:" ? options.agent : undefined;
    return openWebSocket({ url, headers, agent, clock, listener, signal });
  };
}

/**
 * The URL, if it is TLS or stays on this computer.
 *
 * @throws ConnectionError with the code URL_NOT_ALLOWED
 */
export function allowedUrl(streamUrl: string): URL {
  const url = URL.canParse(streamUrl) ? new URL(streamUrl) : undefined;
  const isLoopback = url !== undefined && /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (url?.protocol === "wss:" || (url?.protocol === "ws:" && isLoopback)) return url;
  // The query may carry a signature, so only what stands before it is shown.
  const shown = url === undefined ? "the stream URL" : `"${url.protocol}//${url.host}"`;
  throw new ConnectionError(
    "URL_NOT_ALLOWED",
    `cannot open data channel: ${shown} is neither wss: nor on this computer`,
  );
}

interface OpenWebSocketOptions {
  readonly url: URL;
  readonly headers: Record<string, string>;
  readonly agent: Agent | undefined;
  readonly clock: Clock;
  readonly listener: TransportListener;
  readonly signal: AbortSignal;
}

async function openWebSocket(options: OpenWebSocketOptions): Promise<Transport> {
  const { url, headers, agent, clock, signal } = options;
  const websocket = new WebSocket(url, {
    headers,
    agent,
    perMessageDeflate: false, // ssh compresses or encrypts already, and a bomb cannot be sent
    maxPayload: MAX_MESSAGE_BYTES,
    maxFragments: MAX_MESSAGE_FRAGMENTS,
    followRedirects: false,
  });
  const attempt = deferred<Transport>();
  const onAbort = (): void => {
    attempt.reject(signal.reason);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  const cancelLimit = clock.schedule(OPEN_LIMIT_MS, () => {
    attempt.reject(
      new ConnectionError("OPEN_TIMED_OUT", `cannot open data channel: "${url.host}" was silent for 45 s`),
    );
  });
  settleByOutcome(websocket, options, attempt);
  try {
    return await attempt.promise;
  } catch (error) {
    websocket.terminate();
    throw error;
  } finally {
    cancelLimit();
    signal.removeEventListener("abort", onAbort);
  }
}

function settleByOutcome(websocket: WebSocket, options: OpenWebSocketOptions, attempt: Deferred<Transport>): void {
  const { url, clock, listener } = options;
  websocket.once("upgrade", ({ socket }) => {
    websocket.once("open", () => {
      attempt.resolve(new WebSocketTransport({ websocket, socket, clock, listener }));
    });
  });
  websocket.once("unexpected-response", (_request, response) => {
    void upgradeRefusal(url, response).then(attempt.reject);
  });
  // Stays: cutting a connection that is not open yet ends in an error of its own.
  websocket.on("error", (cause) => {
    const message = `cannot open data channel: ${printableLine(cause.message)}`;
    attempt.reject(new ConnectionError("CONNECTION_FAILED", message, { cause }));
  });
}

async function upgradeRefusal(url: URL, response: IncomingMessage): Promise<ConnectionError> {
  const statusCode = response.statusCode ?? 0;
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= MAX_REFUSAL_BYTES) break;
    }
  } catch {
    // The status says enough; the text after it was a courtesy.
  }
  const text = printableLine(Buffer.concat(chunks).subarray(0, MAX_REFUSAL_BYTES).toString());
  const detail = text === "" ? `HTTP status ${statusCode}` : `HTTP status ${statusCode}: ${text}`;
  const message = `cannot open data channel: "${url.host}" answered with ${detail}`;
  return new ConnectionError("UPGRADE_REFUSED", message, { statusCode });
}

interface WebSocketTransportParts {
  readonly websocket: WebSocket;
  readonly socket: Socket;
  readonly clock: Clock;
  readonly listener: TransportListener;
}

class WebSocketTransport implements Transport {
  readonly #websocket: WebSocket;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #liveness: Liveness;
  readonly #listener: TransportListener;
  #isGone = false;
  #isCorked = false;

  constructor({ websocket, socket, clock, listener }: WebSocketTransportParts) {
    this.#websocket = websocket;
    this.#socket = socket;
    this.#clock = clock;
    this.#listener = listener;
    this.#liveness = new Liveness({
      clock,
      ping: () => {
        websocket.ping("keepalive", undefined, () => undefined);
      },
      onDead: () => {
        this.#lose(new ConnectionError("CONNECTION_SILENT", "connection lost: the service answers no ping"));
      },
    });
    this.#listen();
  }

  get bufferedBytes(): number {
    return this.#websocket.bufferedAmount;
  }

  send(bytes: Buffer): void {
    if (this.#isGone) return;
    this.#cork();
    this.#websocket.send(bytes, { binary: true });
  }

  sendText(bytes: Buffer): void {
    if (!this.#isGone) this.#websocket.send(bytes, { binary: false });
  }

  pause(): void {
    this.#liveness.setDeaf(true);
    this.#websocket.pause();
  }

  resume(): void {
    this.#liveness.setDeaf(false);
    this.#websocket.resume();
  }

  close(): void {
    if (this.#isGone) return;
    this.#leave();
    this.#websocket.resume(); // a paused websocket would never see its peer's close
    this.#websocket.close();
    const cancel = this.#clock.schedule(CLOSE_LIMIT_MS, () => {
      this.#websocket.terminate();
    });
    this.#websocket.once("close", cancel);
  }

  #listen(): void {
    const websocket = this.#websocket;
    websocket.on("message", (data) => {
      this.#liveness.heard();
      if (!this.#isGone) this.#listener.onMessage(data as Buffer);
    });
    websocket.on("ping", () => {
      this.#liveness.heard();
    });
    websocket.on("pong", () => {
      this.#liveness.heard();
    });
    websocket.on("error", (cause) => {
      const detail = printableLine(cause.message);
      this.#lose(new ConnectionError("CONNECTION_LOST", `connection lost: ${detail}`, { cause }));
    });
    websocket.on("close", (code, reason) => {
      const detail = `websocket closed with ${code} ${printableLine(reason.toString())}`.trimEnd();
      this.#lose(new ConnectionError("CONNECTION_LOST", `connection lost: ${detail}`));
    });
  }

  // All that is sent in one turn of the event loop leaves in one system call.
  #cork(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#socket.cork();
    queueMicrotask(() => {
      this.#isCorked = false;
      this.#socket.uncork();
    });
  }

  #lose(cause: ConnectionError): void {
    if (this.#isGone) return;
    this.#leave();
    this.#websocket.terminate();
    this.#listener.onClose(cause);
  }

  #leave(): void {
    this.#isGone = true;
    this.#liveness.stop();
  }
}
