// Connections that exist in memory only, with both ends in the test's hands.
import type { ConnectionError } from "../../session-manager/data-channel/connection-error.ts";
import type { OpenTransport, Transport, TransportListener } from "../../session-manager/data-channel/transport.ts";
import { inShort } from "./agent-messages.ts";

/** One connection: remembers what was sent, and receives what the test says. */
export class FakeConnection implements Transport {
  readonly streamUrl: string;
  readonly listener: TransportListener;
  readonly texts: string[] = [];
  sent: Buffer[] = [];
  bufferedBytes = 0;
  isPaused = false;
  isClosed = false;

  constructor(streamUrl: string, listener: TransportListener) {
    this.streamUrl = streamUrl;
    this.listener = listener;
  }

  send(bytes: Buffer): void {
    this.sent.push(bytes);
  }

  sendText(bytes: Buffer): void {
    this.texts.push(bytes.toString());
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  close(): void {
    this.isClosed = true;
  }

  /** The peer sends these. */
  receive(...messages: readonly Buffer[]): void {
    for (const bytes of messages) this.listener.onMessage(bytes);
  }

  /** The connection breaks. */
  lose(cause: ConnectionError): void {
    this.listener.onClose(cause);
  }

  /** What was sent since the last call, each in a line. */
  takeSent(): string[] {
    return this.sent.splice(0).map(inShort);
  }
}

/** Opens connections, or refuses to. */
export class FakeNetwork {
  readonly connections: FakeConnection[] = [];
  refusals: Error[] = [];

  readonly openTransport: OpenTransport = (streamUrl, listener) => {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) return Promise.reject(refusal);
    const connection = new FakeConnection(streamUrl, listener);
    this.connections.push(connection);
    return Promise.resolve(connection);
  };

  /** The newest connection. */
  get connection(): FakeConnection {
    const connection = this.connections.at(-1);
    if (connection === undefined) throw new Error("nothing was opened yet");
    return connection;
  }
}
