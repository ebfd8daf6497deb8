// The payload of an acknowledge message: which stream message arrived.
import { Buffer } from "node:buffer";
import { decodeJsonObject, integerMember, stringMember } from "./json-payload.ts";

/** Which stream message is acknowledged; both real ends match it by its number alone. */
export interface Acknowledge {
  readonly acknowledgedMessageType: string;
  /** UUID, lower case with hyphens. */
  readonly acknowledgedMessageId: string;
  readonly acknowledgedMessageSequenceNumber: number;
}

/**
 * The JSON of an acknowledge message.
 *
 * Source: aws/amazon-ssm-agent agent/session/contracts/agentmessage.go (AcknowledgeContent).
 *
 * @throws RangeError if type or id hold anything but letters, digits, "_" and "-"
 */
export function encodeAcknowledge(acknowledge: Acknowledge): Buffer {
  const { acknowledgedMessageType, acknowledgedMessageId, acknowledgedMessageSequenceNumber } = acknowledge;
  if (!isPlain(acknowledgedMessageType) || !isPlain(acknowledgedMessageId)) {
    throw new RangeError("cannot encode acknowledge: type and id of a message are plain words");
  }
  // One for each message received, so without the price of JSON.stringify().
  return Buffer.from(
    `{"AcknowledgedMessageType":"${acknowledgedMessageType}","AcknowledgedMessageId":"${acknowledgedMessageId}",` +
      `"AcknowledgedMessageSequenceNumber":${acknowledgedMessageSequenceNumber},"IsSequentialMessage":true}`,
    "latin1",
  );
}

function isPlain(word: string): boolean {
  return /^[\w-]*$/.test(word);
}

/**
 * What these bytes acknowledge.
 *
 * @throws ProtocolError with the code ACKNOWLEDGE_TOO_LONG, ACKNOWLEDGE_NOT_JSON or ACKNOWLEDGE_BAD_MEMBER
 */
export function decodeAcknowledge(payload: Uint8Array): Acknowledge {
  const object = decodeJsonObject(payload, "acknowledge");
  return {
    acknowledgedMessageType: stringMember(object, "AcknowledgedMessageType", "acknowledge"),
    acknowledgedMessageId: stringMember(object, "AcknowledgedMessageId", "acknowledge"),
    acknowledgedMessageSequenceNumber: integerMember(object, "AcknowledgedMessageSequenceNumber", "acknowledge"),
  };
}
