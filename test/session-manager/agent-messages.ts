// What an agent and the service send, by one call each; and what we sent, in short.
import { encodeAcknowledge } from "../../session-manager/wire/acknowledge.ts";
import { decodeAcknowledge } from "../../session-manager/wire/acknowledge.ts";
import { decodeAgentMessage, encodeAgentMessage, PayloadType } from "../../session-manager/wire/agent-message.ts";
import { encodeChannelClosed } from "../../session-manager/wire/channel-closed.ts";
import { encodeHandshakeComplete, encodeHandshakeRequest } from "../../session-manager/wire/handshake.ts";
import type { RequestedClientAction } from "../../session-manager/wire/handshake.ts";

const CREATED_DATE_MS = 1_700_000_000_000;
const MESSAGE_ID = "dd01e56b-ff48-483e-a508-b5f073f31b16";

function message(
  messageType: string,
  sequenceNumber: number,
  payloadType: number | undefined,
  payload: Buffer,
): Buffer {
  return encodeAgentMessage({
    messageType,
    schemaVersion: 1,
    createdDateMs: CREATED_DATE_MS,
    sequenceNumber,
    flags: 0,
    messageId: MESSAGE_ID,
    payloadType,
    payload,
  });
}

/** A numbered message of the agent's. */
export const output = (sequenceNumber: number, payload: string | Buffer, payloadType: number = PayloadType.output) =>
  message("output_stream_data", sequenceNumber, payloadType, Buffer.from(payload as string));

/** The agent's acknowledgement of one of our messages. */
export const acknowledgement = (sequenceNumber: number): Buffer =>
  message(
    "acknowledge",
    0,
    0,
    encodeAcknowledge({
      acknowledgedMessageType: "input_stream_data",
      acknowledgedMessageId: MESSAGE_ID,
      acknowledgedMessageSequenceNumber: sequenceNumber,
    }),
  );

/** A message of the service's own, in its short form. */
export const control = (messageType: string, payload = "payload"): Buffer =>
  message(messageType, 0, undefined, Buffer.from(payload));

/** The end of the session. */
export const channelClosed = (reason = ""): Buffer =>
  message(
    "channel_closed",
    0,
    undefined,
    encodeChannelClosed({
      messageId: MESSAGE_ID,
      destinationId: "i-0123456789abcdef0",
      sessionId: "user-0123456789abcdef0",
      createdDateMs: CREATED_DATE_MS,
      output: reason,
    }),
  );

/** What an agent asks for in an ssh session. */
export const portAction: RequestedClientAction = {
  actionType: "SessionType",
  actionParameters: { SessionType: "Port", Properties: { portNumber: "22" } },
};

/** The agent's handshake request. */
export const handshakeRequest = (actions = [portAction], agentVersion = "3.3.987.0", sequenceNumber = 0): Buffer =>
  output(
    sequenceNumber,
    encodeHandshakeRequest({ agentVersion, requestedClientActions: actions }),
    PayloadType.handshakeRequest,
  );

/** The agent's conclusion. */
export const handshakeComplete = (sequenceNumber = 1, customerMessage = ""): Buffer =>
  output(
    sequenceNumber,
    encodeHandshakeComplete({ handshakeTimeToComplete: 1, customerMessage }),
    PayloadType.handshakeComplete,
  );

/** One of our messages in a line: `ack 5`, or `7 type 1 "hello"`. */
export function inShort(bytes: Buffer): string {
  const { messageType, sequenceNumber, payloadType, payload } = decodeAgentMessage(bytes);
  if (messageType === "acknowledge") return `ack ${decodeAcknowledge(payload).acknowledgedMessageSequenceNumber}`;
  return `${sequenceNumber} type ${payloadType ?? "none"} ${JSON.stringify(Buffer.from(payload).toString())}`;
}
