// The error for one connection of a port session; the others go on.

/** Why one connection broke; stable, for callers that act on it. */
export type StreamErrorCode =
  /** The agent could not connect to the port. */
  | "PORT_NOT_REACHED"
  /** Our reader was so slow that its buffer was full, and the other connections may not wait for it. */
  | "READER_TOO_SLOW"
  /** The far side closed while bytes were still to be sent. */
  | "CLOSED_BY_PEER"
  /** The agent carries one connection at a time, and there is one. */
  | "ONE_AT_A_TIME";

/** One connection is broken; the session is not. */
export class StreamError extends Error {
  override readonly name = "StreamError";
  readonly code: StreamErrorCode;

  constructor(code: StreamErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
