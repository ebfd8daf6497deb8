// The payload of a channel_closed message: the session is over, and why.
import type { Buffer } from "node:buffer";
import { decodeJsonObject, encodeJson, optionalStringMember, stringMember } from "./json-payload.ts";

/** The end of a session, as the service tells both sides. */
export interface ChannelClosed {
  /** UUID, lower case with hyphens. */
  readonly messageId: string;
  /** The target: an instance id. */
  readonly destinationId: string;
  readonly sessionId: string;
  /** Milliseconds since 1970 UTC; a string on the wire. */
  readonly createdDateMs: number;
  /** Why it ended, to be shown; may be empty. Unfiltered: escape before it meets a terminal. */
  readonly output: string;
}

/**
 * The JSON of a channel_closed message.
 *
 * Source: aws/session-manager-plugin src/message/clientmessage.go (ChannelClosed).
 */
export function encodeChannelClosed(closed: ChannelClosed): Buffer {
  return encodeJson({
    MessageType: "channel_closed",
    MessageId: closed.messageId,
    DestinationId: closed.destinationId,
    SessionId: closed.sessionId,
    SchemaVersion: 1,
    CreatedDate: String(closed.createdDateMs),
    Output: closed.output,
  });
}

/**
 * The end that these bytes tell; only the session id has to be there.
 *
 * @throws ProtocolError with the code CHANNEL_CLOSED_TOO_LONG, CHANNEL_CLOSED_NOT_JSON or CHANNEL_CLOSED_BAD_MEMBER
 */
export function decodeChannelClosed(payload: Uint8Array): ChannelClosed {
  const object = decodeJsonObject(payload, "channel closed");
  const createdDateMs = Number(optionalStringMember(object, "CreatedDate", "channel closed") ?? "0");
  return {
    messageId: optionalStringMember(object, "MessageId", "channel closed") ?? "",
    destinationId: optionalStringMember(object, "DestinationId", "channel closed") ?? "",
    sessionId: stringMember(object, "SessionId", "channel closed"),
    createdDateMs: Number.isSafeInteger(createdDateMs) ? createdDateMs : 0,
    output: optionalStringMember(object, "Output", "channel closed") ?? "",
  };
}
