// What a session is to be, from its document's name and parameters: AWS's own session documents, as the service merges them.
import { SessionType } from "../../session-manager/wire/handshake.ts";
import type { JsonObject } from "../../session-manager/wire/json-payload.ts";

/** A session as the agent gets it from the service. */
export interface SessionKind {
  /** One of SessionType. */
  readonly sessionType: string;
  /** Goes to the client unchanged, in the handshake. Null for all but ports. */
  readonly properties: JsonObject | null;
}

type Parameters = Readonly<Record<string, readonly string[]>>;

const DOCUMENTS: Readonly<Record<string, (parameters: Parameters) => SessionKind>> = {
  "AWS-StartSSHSession": (parameters) => ({
    sessionType: SessionType.port,
    properties: { portNumber: parameter(parameters, "portNumber", "22") },
  }),
};

/** The session that the document describes, or undefined if the sandbox does not model the document. */
export function sessionKind(documentName: string, parameters: Parameters): SessionKind | undefined {
  return Object.hasOwn(DOCUMENTS, documentName) ? DOCUMENTS[documentName]?.(parameters) : undefined;
}

function parameter(parameters: Parameters, name: string, otherwise: string): string {
  return parameters[name]?.[0] ?? otherwise;
}
