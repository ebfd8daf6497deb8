// The payload of an acknowledge message: which stream message arrived.
import type { Buffer } from "node:buffer";
import { decodeJsonObject, encodeJson, integerMember, stringMember } from "./json-payload.ts";

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
 */
export function encodeAcknowledge(acknowledge: Acknowledge): Buffer {
  return encodeJson({
    AcknowledgedMessageType: acknowledge.acknowledgedMessageType,
    AcknowledgedMessageId: acknowledge.acknowledgedMessageId,
    AcknowledgedMessageSequenceNumber: acknowledge.acknowledgedMessageSequenceNumber,
    IsSequentialMessage: true,
  });
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
