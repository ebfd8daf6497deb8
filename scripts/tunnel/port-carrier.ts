// Carries connections by Session Manager's own port forwarding, a session for each destination: no ssh and no key.
import type { Duplex } from "node:stream";
import type { PortForwarding } from "../../session-manager/index.ts";
import type { StartSessionRequest } from "../command/aws-ports.ts";
import type { Carrier, Destination } from "./carrier.ts";

/** A port session, started and open. */
export interface OpenForwarding {
  readonly forwarding: Pick<PortForwarding, "connect" | "ended">;
  /** Ends it, here and at AWS; never rejects. */
  close(): Promise<void>;
}

/** What to start a session with. */
export type ForwardingRequest = Pick<StartSessionRequest, "documentName" | "parameters">;

const LOCAL_DOCUMENT = "AWS-StartPortForwardingSession";
const REMOTE_DOCUMENT = "AWS-StartPortForwardingSessionToRemoteHost";
const LOOPBACK: readonly string[] = ["localhost", "127.0.0.1", "::1"];

/**
 * The session that a destination takes.
 *
 * @param documentName - a document that has host and port in it, and so takes neither; undefined for the target's own,
 *   or AWS's where it has none
 */
export function forwardingRequest(destination: Destination, documentName: string | undefined): ForwardingRequest {
  if (documentName !== undefined) return { documentName, parameters: {} };
  if (destination.kind === "socks") throw new TypeError("a port session goes to one host");
  const { host, port, setting } = destination;
  if (setting?.documentName !== undefined) return { documentName: setting.documentName, parameters: {} };
  const portNumber = [String(port)];
  if (LOOPBACK.includes(host)) return { documentName: LOCAL_DOCUMENT, parameters: { portNumber } };
  return { documentName: REMOTE_DOCUMENT, parameters: { host: [host], portNumber } };
}

/**
 * Opens a session for each destination.
 *
 * @throws what opening one of them met, when the others are closed
 */
export async function openPortCarrier(openings: readonly (() => Promise<OpenForwarding>)[]): Promise<Carrier> {
  const outcomes = await Promise.allSettled(openings.map((open) => open()));
  const opened = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) {
    await Promise.all(opened.map((each) => each.close()));
    throw failed.reason;
  }
  return new PortCarrier(opened);
}

class PortCarrier implements Carrier {
  readonly ended: Promise<string>;
  readonly #opened: readonly OpenForwarding[];
  #closed: Promise<unknown> | undefined;

  constructor(opened: readonly OpenForwarding[]) {
    this.#opened = opened;
    this.ended = Promise.race(opened.map(({ forwarding }) => forwarding.ended)).then(({ reason }) =>
      reason === "" ? "Session Manager has closed it" : reason,
    );
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what connect() throws becomes a rejection
  async connect(destination: number): Promise<Duplex> {
    const opened = this.#opened[destination];
    if (opened === undefined) throw new RangeError(`no destination ${destination}`);
    return opened.forwarding.connect();
  }

  async close(): Promise<void> {
    this.#closed ??= Promise.all(this.#opened.map((each) => each.close()));
    await this.#closed;
  }
}
