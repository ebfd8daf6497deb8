// The binary message of the data channel: a header of fixed fields, then a payload.
import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import { ProtocolError } from "../protocol-error.ts";
import { readMessageId, writeMessageId } from "./message-id.ts";
import { quote } from "./quote.ts";

/**
 * Where each field begins; integers are big-endian.
 *
 *   offset  bytes  field
 *   0       4      header length    116 from client and agent, 112 from the service; where payload length stands
 *   4       32     message type     ASCII, padded with spaces (client, agent) or NUL (service)
 *   36      4      schema version   1
 *   40      8      created date     ms since 1970 UTC, never 0
 *   48      8      sequence number  of the stream; 0 in all that is not stream data
 *   56      8      flags            MessageFlags
 *   64      16     message id       UUID, halves swapped
 *   80      32     payload digest   SHA-256 of the payload as it is on the wire
 *   112     4      payload type     PayloadType; absent in the 112-byte form
 *   116     4      payload length   (at 112 in the 112-byte form)
 *   120     n      payload          (at 116 in the 112-byte form)
 *
 * Source: aws/session-manager-plugin src/message/messageparser.go,
 * aws/amazon-ssm-agent agent/session/contracts/agentmessage.go.
 */
const Offset = {
  headerLength: 0,
  messageType: 4,
  schemaVersion: 36,
  createdDate: 40,
  sequenceNumber: 48,
  flags: 56,
  messageId: 64,
  payloadDigest: 80,
  payloadType: 112,
} as const;

const MESSAGE_TYPE_BYTES = 32;
const DIGEST_BYTES = 32;
const PAYLOAD_LENGTH_BYTES = 4;

/** Header length of a message with a payload type: what client and agent send. */
const FULL_HEADER_LENGTH = 116;

/** Header length of a message without a payload type: what the service sends. */
const SHORT_HEADER_LENGTH = 112;

const SPACE = 0x20;
const NUL = 0x00;
const TWO_TO_THE_32 = 0x1_0000_0000;

/** Bytes that the header adds to a payload in messages of client and agent. */
export const AGENT_MESSAGE_OVERHEAD_BYTES = FULL_HEADER_LENGTH + PAYLOAD_LENGTH_BYTES;

/** The one schema version there is. */
export const MESSAGE_SCHEMA_VERSION = 1;

/** What a message is for; the ones that travel on a data channel. */
export const MessageType = {
  inputStreamData: "input_stream_data",
  outputStreamData: "output_stream_data",
  acknowledge: "acknowledge",
  channelClosed: "channel_closed",
  startPublication: "start_publication",
  pausePublication: "pause_publication",
  agentSessionState: "agent_session_state",
} as const;

/** What the payload of a stream message is. */
export const PayloadType = {
  none: 0,
  output: 1,
  error: 2,
  size: 3,
  parameter: 4,
  handshakeRequest: 5,
  handshakeResponse: 6,
  handshakeComplete: 7,
  encryptionChallengeRequest: 8,
  encryptionChallengeResponse: 9,
  flag: 10,
  stdErr: 11,
  exitCode: 12,
} as const;

/** Bits of the flags field; real readers look at none of them. */
export const MessageFlags = {
  none: 0,
  /** First of a stream. */
  syn: 1,
  /** Last of a stream. */
  fin: 2,
  /** On acknowledgements and control messages. */
  synFin: 3,
} as const;

/** One message of the data channel. */
export interface AgentMessage {
  /** One of MessageType, or one we do not know. */
  readonly messageType: string;
  readonly schemaVersion: number;
  /** Milliseconds since 1970 UTC. */
  readonly createdDateMs: number;
  readonly sequenceNumber: number;
  readonly flags: number;
  /** UUID, lower case with hyphens. */
  readonly messageId: string;
  /** One of PayloadType, or one we do not know; undefined in the service's 112-byte header. */
  readonly payloadType: number | undefined;
  readonly payload: Uint8Array;
}

/**
 * The message's bytes, digest computed; a payload type of undefined gives the service's 112-byte header.
 *
 * @throws RangeError if a field does not fit: a type of more than 32 ASCII characters, an id that is no UUID
 */
export function encodeAgentMessage(message: AgentMessage): Buffer {
  const isFull = message.payloadType !== undefined;
  const headerLength = isFull ? FULL_HEADER_LENGTH : SHORT_HEADER_LENGTH;
  const payloadStart = headerLength + PAYLOAD_LENGTH_BYTES;
  const bytes = Buffer.allocUnsafe(payloadStart + message.payload.length);
  bytes.writeUInt32BE(headerLength, Offset.headerLength);
  writeMessageType(bytes, message.messageType, isFull ? SPACE : NUL);
  bytes.writeUInt32BE(message.schemaVersion, Offset.schemaVersion);
  writeUInt64(bytes, message.createdDateMs, Offset.createdDate);
  writeUInt64(bytes, message.sequenceNumber, Offset.sequenceNumber);
  writeUInt64(bytes, message.flags, Offset.flags);
  writeMessageId(bytes, message.messageId, Offset.messageId);
  bytes.write(digestOf(message.payload), Offset.payloadDigest, "latin1");
  if (message.payloadType !== undefined) bytes.writeUInt32BE(message.payloadType, Offset.payloadType);
  bytes.writeUInt32BE(message.payload.length, headerLength);
  bytes.set(message.payload, payloadStart);
  return bytes;
}

/**
 * The message in these bytes; its payload is a view of them, so copy it before keeping it.
 *
 * A payload length that is smaller than what follows is believed, and the rest ignored.
 *
 * @throws ProtocolError with the code
 *   AGENT_MESSAGE_TOO_SHORT, AGENT_MESSAGE_BAD_HEADER_LENGTH, AGENT_MESSAGE_BAD_TYPE, AGENT_MESSAGE_BAD_CREATED_DATE,
 *   AGENT_MESSAGE_BAD_SEQUENCE_NUMBER, AGENT_MESSAGE_BAD_FLAGS, AGENT_MESSAGE_TRUNCATED or AGENT_MESSAGE_DIGEST_MISMATCH
 */
export function decodeAgentMessage(bytes: Uint8Array): AgentMessage {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = readHeaderLength(buffer);
  const messageType = readMessageType(buffer);
  const payload = readPayload(buffer, headerLength);
  if (!isDigestIgnored(messageType, payload)) checkDigest(buffer, payload);
  return {
    messageType,
    schemaVersion: buffer.readUInt32BE(Offset.schemaVersion),
    createdDateMs: readCreatedDate(buffer),
    sequenceNumber: readUInt64(buffer, Offset.sequenceNumber, "SEQUENCE_NUMBER"),
    flags: readUInt64(buffer, Offset.flags, "FLAGS"),
    messageId: readMessageId(buffer, Offset.messageId),
    payloadType: headerLength < FULL_HEADER_LENGTH ? undefined : buffer.readUInt32BE(Offset.payloadType),
    payload,
  };
}

function readHeaderLength(bytes: Buffer): number {
  if (bytes.length < SHORT_HEADER_LENGTH + PAYLOAD_LENGTH_BYTES) {
    throw refusal("TOO_SHORT", `${bytes.length} bytes hold no header`);
  }
  const headerLength = bytes.readUInt32BE(Offset.headerLength);
  if (headerLength < SHORT_HEADER_LENGTH || headerLength + PAYLOAD_LENGTH_BYTES > bytes.length) {
    throw refusal("BAD_HEADER_LENGTH", `header length ${headerLength} does not fit in ${bytes.length} bytes`);
  }
  return headerLength;
}

function readMessageType(bytes: Buffer): string {
  let end = Offset.messageType + MESSAGE_TYPE_BYTES;
  while (end > Offset.messageType && isPadding(bytes[end - 1])) end -= 1;
  const messageType = bytes.toString("latin1", Offset.messageType, end);
  if (!isMessageType(messageType)) throw refusal("BAD_TYPE", `message type is ${quote(messageType)}`);
  return messageType;
}

const knownTypes = new Set<string>(Object.values(MessageType));

/** The fields of the types that client and agent send, made once. */
const paddedTypes = new Map([...knownTypes].map((type) => [type, paddedType(type, SPACE)]));

function isMessageType(text: string): boolean {
  return knownTypes.has(text) || /^[\x21-\x7e]{1,32}$/.test(text);
}

function isPadding(byte: number | undefined): boolean {
  return byte === SPACE || byte === NUL;
}

function readPayload(bytes: Buffer, headerLength: number): Buffer {
  const payloadStart = headerLength + PAYLOAD_LENGTH_BYTES;
  const payloadLength = bytes.readUInt32BE(headerLength);
  if (payloadStart + payloadLength > bytes.length) {
    throw refusal("TRUNCATED", `payload length is ${payloadLength}, ${bytes.length - payloadStart} bytes are there`);
  }
  return bytes.subarray(payloadStart, payloadStart + payloadLength);
}

function readCreatedDate(bytes: Buffer): number {
  const createdDateMs = readUInt64(bytes, Offset.createdDate, "CREATED_DATE");
  if (createdDateMs === 0) throw refusal("BAD_CREATED_DATE", "created date is 0");
  return createdDateMs;
}

// AWS's own client looks at no digest of these, so the service may send any.
// Source: aws/session-manager-plugin src/message/messageparser.go (Validate).
function isDigestIgnored(messageType: string, payload: Buffer): boolean {
  return (
    payload.length === 0 || messageType === MessageType.startPublication || messageType === MessageType.pausePublication
  );
}

function checkDigest(bytes: Buffer, payload: Buffer): void {
  const digest = bytes.toString("latin1", Offset.payloadDigest, Offset.payloadDigest + DIGEST_BYTES);
  if (digest !== digestOf(payload))
    throw refusal("DIGEST_MISMATCH", `payload of ${payload.length} bytes has another SHA-256 than it says`);
}

// As a string of 32 characters, because a buffer of its own for each digest keeps the garbage collector busy.
function digestOf(payload: Uint8Array): string {
  return hash("sha256", payload, "binary");
}

function writeMessageType(bytes: Buffer, messageType: string, padding: number): void {
  const known = padding === SPACE ? paddedTypes.get(messageType) : undefined;
  if (known !== undefined) bytes.set(known, Offset.messageType);
  else bytes.set(paddedType(messageType, padding), Offset.messageType);
}

function paddedType(messageType: string, padding: number): Buffer {
  if (!isMessageType(messageType)) {
    throw new RangeError(`cannot encode agent message: "${messageType}" is not a message type`);
  }
  const field = Buffer.alloc(MESSAGE_TYPE_BYTES, padding);
  field.write(messageType, "latin1");
  return field;
}

// Two 32-bit halves, because BigInt costs an allocation for each message.
function writeUInt64(bytes: Buffer, value: number, offset: number): void {
  if (!Number.isSafeInteger(value)) throw new RangeError(`cannot encode agent message: ${value} is not an integer`);
  bytes.writeUInt32BE(Math.floor(value / TWO_TO_THE_32), offset);
  bytes.writeUInt32BE(value % TWO_TO_THE_32, offset + 4);
}

function readUInt64(bytes: Buffer, offset: number, field: string): number {
  const value = bytes.readUInt32BE(offset) * TWO_TO_THE_32 + bytes.readUInt32BE(offset + 4);
  if (!Number.isSafeInteger(value)) {
    throw refusal(`BAD_${field}`, `${field.toLowerCase().replace("_", " ")} is beyond 2^53`);
  }
  return value;
}

function refusal(code: string, detail: string): ProtocolError {
  return new ProtocolError(`AGENT_MESSAGE_${code}`, `cannot decode agent message: ${detail}`);
}
