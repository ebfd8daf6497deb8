// How a session ends: told as a value to whoever waits for it, and as an error to whoever still needs it.

/** The end of a session. */
export interface SessionEnd {
  /** One line of printable text; the service's own words where it gave some, else ours. */
  readonly reason: string;
  /** Who ended it: agent and service, we, or nobody, because the connection was lost. */
  readonly by: "agent" | "client" | "connection";
}

/** The session is over, and something was still wanted of it. */
export class SessionEndedError extends Error {
  override readonly name = "SessionEndedError";
  readonly end: SessionEnd;

  constructor(end: SessionEnd) {
    super(`session has ended: ${end.reason}`);
    this.end = end;
  }
}

/**
 * A peer's text as one line that may stand on a terminal: control characters and line ends become blanks.
 *
 * Source of the need: aws/amazon-ssm-agent begins the reason of a failure with a line of dashes and "ERROR".
 */
export function printableLine(text: string): string {
  return text
    .replace(/[^\x20-\x7e\xa1-\ud7ff\ue000-\uffff]+/g, " ")
    .replace(/ {2,}/g, " ")
    .trim();
}
