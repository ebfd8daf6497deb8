// The first frame on a data channel: the one that is text, and carries the token.
import type { Buffer } from "node:buffer";
import { decodeJsonObject, encodeJson, optionalStringMember, stringMember } from "./json-payload.ts";
import type { JsonObject } from "./json-payload.ts";

/** Who opens the data channel, and by what right. */
export interface OpenDataChannel {
  /** Random UUID, new for each frame. */
  readonly requestId: string;
  /** The bearer secret that StartSession or ResumeSession gave; belongs in no log. */
  readonly tokenValue: string;
  /** Random UUID, kept when a session is resumed; agents send an empty string. */
  readonly clientId: string;
  /** Four numbers with dots; agents send none. */
  readonly clientVersion: string | undefined;
}

/**
 * The JSON of the first frame, to be sent as text.
 *
 * Source: aws/session-manager-plugin src/datachannel/streaming.go (getOpenDataChannelInput).
 */
export function encodeOpenDataChannel(open: OpenDataChannel): Buffer {
  const members: JsonObject = {
    MessageSchemaVersion: "1.0",
    RequestId: open.requestId,
    TokenValue: open.tokenValue,
    ClientId: open.clientId,
  };
  return encodeJson(open.clientVersion === undefined ? members : { ...members, ClientVersion: open.clientVersion });
}

/**
 * What the first frame says; third-party clients leave out ClientId and ClientVersion.
 *
 * @throws ProtocolError with the code OPEN_DATA_CHANNEL_TOO_LONG, OPEN_DATA_CHANNEL_NOT_JSON or
 *   OPEN_DATA_CHANNEL_BAD_MEMBER
 */
export function decodeOpenDataChannel(frame: Uint8Array): OpenDataChannel {
  const object = decodeJsonObject(frame, "open data channel");
  return {
    requestId: stringMember(object, "RequestId", "open data channel"),
    tokenValue: stringMember(object, "TokenValue", "open data channel"),
    clientId: optionalStringMember(object, "ClientId", "open data channel") ?? "",
    clientVersion: optionalStringMember(object, "ClientVersion", "open data channel"),
  };
}
