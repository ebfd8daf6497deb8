// The error for a peer that breaks the Session Manager protocol.

/**
 * The peer sent something that the protocol does not allow.
 *
 * `code` is stable and names the rule, e.g. `AGENT_MESSAGE_TRUNCATED`; `message` shows what was met.
 */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
