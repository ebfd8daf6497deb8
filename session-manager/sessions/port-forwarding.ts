// What both kinds of port session have in common, whatever the agent's version.
import type { Duplex } from "node:stream";
import type { SessionEnd } from "../data-channel/session-end.ts";

/** Connections to one port, on the instance or on a host behind it. */
export interface PortForwarding {
  /** Whether several connections may be open at once; agents up to 3.0.196.0 carry one after the other. */
  readonly isMultiplexed: boolean;

  /** Resolves when the session is over, with who ended it and why; never rejects. */
  readonly ended: Promise<SessionEnd>;

  /**
   * A new connection; it fails with a StreamError when the port cannot be reached.
   *
   * @throws StreamError with the code ONE_AT_A_TIME if there is one already and the agent carries only one;
   *   SessionEndedError after the end
   */
  connect(): Duplex;

  /** Ends the session and all connections; resolves when it is over, after 2 s at most. */
  close(): Promise<void>;
}
