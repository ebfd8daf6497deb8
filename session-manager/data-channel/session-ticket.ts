// The right to open one data channel of one session, once.

/** StartSession's or ResumeSession's answer. */
export interface SessionTicket {
  readonly sessionId: string;
  /** `wss:` URL of the data channel, to be used as it is; `ws:` on loopback only. */
  readonly streamUrl: string;
  /** The bearer secret; belongs in no log and in no argument list. */
  readonly tokenValue: string;
}
