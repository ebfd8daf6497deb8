// What a data channel needs of the connection under it: whole messages, both ways, in order.
import type { Buffer } from "node:buffer";
import type { ConnectionError } from "./connection-error.ts";

/** What a transport tells. */
export interface TransportListener {
  /** One message arrived; the bytes are the listener's to read now, and to copy if they are kept. */
  onMessage(bytes: Buffer): void;

  /** The transport is gone, and will tell nothing more; not called after `close()`. */
  onClose(cause: ConnectionError): void;
}

/** An open connection. */
export interface Transport {
  /** Bytes that were sent and have not left this process. */
  readonly bufferedBytes: number;

  /** Sends one binary message; never blocks, never fails: a transport that cannot send tells `onClose`. */
  send(bytes: Buffer): void;

  /** Sends one message as text. */
  sendText(bytes: Buffer): void;

  /** Stops reading until `resume()`, so that the peer is held back by the network itself. */
  pause(): void;
  resume(): void;

  /** Ends the connection; messages already sent still leave. */
  close(): void;
}

/**
 * Opens a connection to a session's stream URL.
 *
 * Rejects with a ConnectionError, or with the signal's reason when it is aborted.
 */
export type OpenTransport = (streamUrl: string, listener: TransportListener, signal: AbortSignal) => Promise<Transport>;
