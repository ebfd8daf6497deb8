// What takes a tunnel's connections to the bastion: an ssh of ours, or port sessions; and what it is asked to carry.
import type { Duplex } from "node:stream";
import type { ProjectTarget } from "../command/project-settings.ts";

/** Where connections to one local port go. */
export type Destination =
  /** A host and port, as the bastion reaches it. */
  | {
      readonly kind: "host";
      readonly host: string;
      readonly port: number;
      /** The settings' target that it is, if it is one. */
      readonly setting?: ProjectTarget | undefined;
    }
  /** Wherever the client of a SOCKS proxy asks for. */
  | { readonly kind: "socks" };

/** One way to the bastion, for as long as it lasts. */
export interface Carrier {
  /**
   * A new connection to one of the destinations it was opened for, by its place in their list.
   *
   * It may prove later that nothing answers there: then it ends without a byte.
   */
  connect(destination: number): Promise<Duplex>;
  /** Resolves with the reason when it carries no more; never rejects. */
  readonly ended: Promise<string>;
  /** Ends it and what it carries; never rejects, and may be called again. */
  close(): Promise<void>;
}

/** Opens a carrier; its signal calls off the opening. */
export type OpenCarrier = (signal: AbortSignal) => Promise<Carrier>;

/** E.g. `db.internal:5432`, `[2001:db8::1]:5432`, `SOCKS`. */
export function nameOfDestination(destination: Destination): string {
  if (destination.kind === "socks") return "SOCKS";
  const { host, port } = destination;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
