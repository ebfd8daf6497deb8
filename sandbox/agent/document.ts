// What a session is to be, from its document's name and parameters: AWS's own session documents, as the service merges them.
import { SessionType } from "../../session-manager/wire/handshake.ts";
import type { JsonObject } from "../../session-manager/wire/json-payload.ts";

/** A session as the agent gets it from the service. */
export interface SessionKind {
  /** One of SessionType. */
  readonly sessionType: string;
  /** Goes to the client unchanged, in the handshake. Null for all but ports. */
  readonly properties: JsonObject | null;
  /** What InteractiveCommands and NonInteractiveCommands run. */
  readonly command?: CommandProperties;
}

/** A command session's own properties; the client never sees them. */
export interface CommandProperties {
  readonly line: string;
  /** Output live and in two streams, then the exit code; otherwise all at the end, and no exit code. */
  readonly separateOutputStream: boolean;
  /** Put before each line of stdout and stderr, where they are separate. */
  readonly stdOutSeparatorPrefix: string;
  readonly stdErrSeparatorPrefix: string;
}

type Parameters = Readonly<Record<string, readonly string[]>>;

/** AWS's documents, with the defaults of their parameters. */
const DOCUMENTS: Readonly<Record<string, (parameters: Parameters) => SessionKind>> = {
  "SSM-SessionManagerRunShell": () => ({ sessionType: SessionType.standardStream, properties: null }),
  "AWS-StartSSHSession": (parameters) => ({
    sessionType: SessionType.port,
    properties: { portNumber: parameter(parameters, "portNumber", "22") },
  }),
  "AWS-StartPortForwardingSession": (parameters) => ({
    sessionType: SessionType.port,
    properties: forwarding(parameters),
  }),
  "AWS-StartPortForwardingSessionToRemoteHost": (parameters) => ({
    sessionType: SessionType.port,
    properties: { ...forwarding(parameters), host: parameter(parameters, "host", "localhost") },
  }),
  "AWS-StartInteractiveCommand": (parameters) => ({
    sessionType: SessionType.interactiveCommands,
    properties: null,
    command: command(parameters),
  }),
  "AWS-StartNonInteractiveCommand": (parameters) => ({
    sessionType: SessionType.nonInteractiveCommands,
    properties: null,
    command: command(parameters),
  }),
};

/** The session that the document describes, or undefined if the sandbox does not model the document. */
export function sessionKind(documentName: string, parameters: Parameters): SessionKind | undefined {
  return Object.hasOwn(DOCUMENTS, documentName) ? DOCUMENTS[documentName]?.(parameters) : undefined;
}

function forwarding(parameters: Parameters): JsonObject {
  return {
    portNumber: parameter(parameters, "portNumber", "80"),
    type: "LocalPortForwarding",
    localPortNumber: parameter(parameters, "localPortNumber", "0"),
  };
}

function command(parameters: Parameters): CommandProperties {
  return {
    line: parameter(parameters, "command", ""),
    separateOutputStream: parameter(parameters, "separateOutputStream", "") === "true",
    stdOutSeparatorPrefix: parameter(parameters, "stdOutSeparatorPrefix", ""),
    stdErrSeparatorPrefix: parameter(parameters, "stdErrSeparatorPrefix", ""),
  };
}

function parameter(parameters: Parameters, name: string, otherwise: string): string {
  return parameters[name]?.[0] ?? otherwise;
}
