// The error for a connection to the service that cannot be made, or is gone for good.

/** Why there is no connection; stable, for callers that act on it. */
export type ConnectionErrorCode =
  /** The service could not be reached, or the TLS or websocket handshake broke. */
  | "CONNECTION_FAILED"
  /** The service answered the upgrade with an HTTP status of its own: see `statusCode`. */
  | "UPGRADE_REFUSED"
  /** The service, or the agent behind it, did not answer in time while the session was opened. */
  | "OPEN_TIMED_OUT"
  /** The URL is neither TLS nor loopback. */
  | "URL_NOT_ALLOWED"
  /** The websocket was closed, or broke. */
  | "CONNECTION_LOST"
  /** The service was silent on pings. */
  | "CONNECTION_SILENT"
  /** The agent acknowledged nothing for minutes. */
  | "NOT_ACKNOWLEDGED"
  /** The service would not let the session go on after a lost connection: it is over. */
  | "RESUME_REFUSED"
  /** The session could not be resumed within the time set for it. */
  | "RESUME_BUDGET_SPENT";

/** What a ConnectionError carries besides its message. */
export interface ConnectionErrorOptions {
  /** HTTP status of a refused upgrade. */
  readonly statusCode?: number;
  /** The error behind this one. */
  readonly cause?: unknown;
}

/** There is no connection to the session, and none will come by itself; starting a new session may help. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly code: ConnectionErrorCode;
  readonly statusCode: number | undefined;

  constructor(code: ConnectionErrorCode, message: string, options: ConnectionErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.statusCode = options.statusCode;
  }
}
