// The three payloads of the handshake: the agent asks, the client answers, the agent concludes.
import type { Buffer } from "node:buffer";
import {
  decodeJsonObject,
  encodeJson,
  integerMember,
  isJsonObject,
  objectsMember,
  optionalStringMember,
  stringMember,
} from "./json-payload.ts";
import type { JsonObject, JsonValue } from "./json-payload.ts";

/** What an agent may ask of a client. */
export const ActionType = { sessionType: "SessionType", kmsEncryption: "KMSEncryption" } as const;

/** How the client fared with an action; the agent takes all but success for a failure. */
export const ActionStatus = { success: 1, failed: 2, unsupported: 3 } as const;

/** What a session is, as its document says. */
export const SessionType = {
  standardStream: "Standard_Stream",
  interactiveCommands: "InteractiveCommands",
  nonInteractiveCommands: "NonInteractiveCommands",
  port: "Port",
} as const;

/** One thing that the agent asks of the client. */
export interface RequestedClientAction {
  /** One of ActionType, or one we do not know. */
  readonly actionType: string;
  readonly actionParameters: JsonValue;
}

/** The agent's question; numbered 0 on its side, and the first thing it sends. */
export interface HandshakeRequest {
  /** Four numbers with dots. */
  readonly agentVersion: string;
  readonly requestedClientActions: readonly RequestedClientAction[];
}

/** How one action went. */
export interface ProcessedClientAction {
  readonly actionType: string;
  /** One of ActionStatus. */
  readonly actionStatus: number;
  readonly actionResult: JsonValue;
  /** Empty on success. */
  readonly error: string;
}

/** The client's answer: one processed action for each requested one, in their order. */
export interface HandshakeResponse {
  /** Four numbers with dots; the agent decides by it how to multiplex. */
  readonly clientVersion: string;
  readonly processedClientActions: readonly ProcessedClientAction[];
  readonly errors: readonly string[] | null;
}

/** The agent's conclusion; data may flow from now on. */
export interface HandshakeComplete {
  /** Nanoseconds. */
  readonly handshakeTimeToComplete: number;
  /** To be shown to the person; may be empty. Unfiltered: escape before it meets a terminal. */
  readonly customerMessage: string;
}

/** Parameters of the action SessionType. */
export interface SessionTypeParameters {
  /** One of SessionType, or one we do not know. */
  readonly sessionType: string;
  /** What the document says about ports; null for shells and commands. */
  readonly properties: JsonObject | null;
}

/** The JSON of a handshake request. Source: aws/amazon-ssm-agent agent/session/contracts/agentmessage.go. */
export function encodeHandshakeRequest(request: HandshakeRequest): Buffer {
  return encodeJson({
    AgentVersion: request.agentVersion,
    RequestedClientActions: request.requestedClientActions.map((action) => ({
      ActionType: action.actionType,
      ActionParameters: action.actionParameters,
    })),
  });
}

/** The request in these bytes. @throws ProtocolError `HANDSHAKE_REQUEST_` TOO_LONG, NOT_JSON or BAD_MEMBER */
export function decodeHandshakeRequest(payload: Uint8Array): HandshakeRequest {
  const object = decodeJsonObject(payload, "handshake request");
  return {
    agentVersion: stringMember(object, "AgentVersion", "handshake request"),
    requestedClientActions: objectsMember(object, "RequestedClientActions", "handshake request").map((action) => ({
      actionType: stringMember(action, "ActionType", "handshake request"),
      actionParameters: action["ActionParameters"] ?? null,
    })),
  };
}

/** The parameters of a SessionType action as they stand in the request. */
export function encodeSessionTypeParameters(parameters: SessionTypeParameters): JsonObject {
  return { SessionType: parameters.sessionType, Properties: parameters.properties };
}

/** Session type and properties. @throws ProtocolError with the code HANDSHAKE_REQUEST_BAD_MEMBER */
export function decodeSessionTypeParameters(parameters: JsonValue): SessionTypeParameters {
  const object = isJsonObject(parameters) ? parameters : {};
  const properties = object["Properties"];
  return {
    sessionType: stringMember(object, "SessionType", "handshake request"),
    properties: isJsonObject(properties) ? properties : null,
  };
}

/** The JSON of a handshake response. Source: as the request. */
export function encodeHandshakeResponse(response: HandshakeResponse): Buffer {
  return encodeJson({
    ClientVersion: response.clientVersion,
    ProcessedClientActions: response.processedClientActions.map((action) => ({
      ActionType: action.actionType,
      ActionStatus: action.actionStatus,
      ActionResult: action.actionResult,
      Error: action.error,
    })),
    Errors: response.errors,
  });
}

/** The response in these bytes. @throws ProtocolError `HANDSHAKE_RESPONSE_` TOO_LONG, NOT_JSON or BAD_MEMBER */
export function decodeHandshakeResponse(payload: Uint8Array): HandshakeResponse {
  const object = decodeJsonObject(payload, "handshake response");
  const errors = object["Errors"];
  return {
    clientVersion: stringMember(object, "ClientVersion", "handshake response"),
    processedClientActions: objectsMember(object, "ProcessedClientActions", "handshake response").map((action) => ({
      actionType: stringMember(action, "ActionType", "handshake response"),
      actionStatus: integerMember(action, "ActionStatus", "handshake response"),
      actionResult: action["ActionResult"] ?? null,
      error: optionalStringMember(action, "Error", "handshake response") ?? "",
    })),
    errors: Array.isArray(errors) ? errors.filter((error) => typeof error === "string") : null,
  };
}

/** The JSON of a handshake complete. Source: as the request. */
export function encodeHandshakeComplete(complete: HandshakeComplete): Buffer {
  return encodeJson({
    HandshakeTimeToComplete: complete.handshakeTimeToComplete,
    CustomerMessage: complete.customerMessage,
  });
}

/** The conclusion in these bytes. @throws ProtocolError `HANDSHAKE_COMPLETE_` TOO_LONG, NOT_JSON or BAD_MEMBER */
export function decodeHandshakeComplete(payload: Uint8Array): HandshakeComplete {
  const object = decodeJsonObject(payload, "handshake complete");
  return {
    handshakeTimeToComplete: integerMember(object, "HandshakeTimeToComplete", "handshake complete"),
    customerMessage: optionalStringMember(object, "CustomerMessage", "handshake complete") ?? "",
  };
}
