// Our acknowledgement of one of the agent's messages, ready to send.
import type { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import { encodeAcknowledge } from "../wire/acknowledge.ts";
import {
  encodeAgentMessage,
  MESSAGE_SCHEMA_VERSION,
  MessageFlags,
  MessageType,
  PayloadType,
} from "../wire/agent-message.ts";
import type { AgentMessage } from "../wire/agent-message.ts";

/**
 * The bytes that acknowledge `message`.
 *
 * Number 0 and both flags, as both real ends send it: agents on Windows refuse an acknowledgement with SYN alone.
 */
export function acknowledgementOf(message: AgentMessage, nowMs: number): Buffer {
  return encodeAgentMessage({
    messageType: MessageType.acknowledge,
    schemaVersion: MESSAGE_SCHEMA_VERSION,
    createdDateMs: nowMs,
    sequenceNumber: 0,
    flags: MessageFlags.synFin,
    messageId: randomUUID(),
    payloadType: PayloadType.none,
    payload: encodeAcknowledge({
      acknowledgedMessageType: message.messageType,
      acknowledgedMessageId: message.messageId,
      acknowledgedMessageSequenceNumber: message.sequenceNumber,
    }),
  });
}
