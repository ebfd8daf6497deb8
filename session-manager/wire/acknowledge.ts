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

// Both real ends write it so, and one comes for each message sent: this takes a third of the time of JSON.parse().
const USUAL_FORM =
  /^\{"AcknowledgedMessageType":"([\w-]*)","AcknowledgedMessageId":"([\w-]*)","AcknowledgedMessageSequenceNumber":(0|[1-9]\d{0,14}),"IsSequentialMessage":true\}$/;
const MAX_USUAL_BYTES = 256;

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
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
  const usual = payload.length <= MAX_USUAL_BYTES ? USUAL_FORM.exec(textOf(payload)) : null;
  if (usual !== null) {
    const [, acknowledgedMessageType = "", acknowledgedMessageId = "", number = ""] = usual;
    return { acknowledgedMessageType, acknowledgedMessageId, acknowledgedMessageSequenceNumber: Number(number) };
  }
  const object = decodeJsonObject(payload, "acknowledge");
  return {
    acknowledgedMessageType: stringMember(object, "AcknowledgedMessageType", "acknowledge"),
    acknowledgedMessageId: stringMember(object, "AcknowledgedMessageId", "acknowledge"),
    acknowledgedMessageSequenceNumber: integerMember(object, "AcknowledgedMessageSequenceNumber", "acknowledge"),
  };
}
