// The wire, written by hand from the protocol's tables, so that a mistake in the shared codec shows.
import { createHash, randomBytes } from "node:crypto";
import type { Link } from "../../../sandbox/agent/data-channel.ts";

export interface WireMessage {
  readonly type: string;
  readonly number: number;
  readonly flags: number;
  readonly id: string;
  readonly payloadType: number;
  readonly payload: Buffer;
}

export type WireFields = Partial<WireMessage>;

/** Bytes of a message with a 116-byte header. */
export function written(fields: WireFields): Buffer {
  const { type = "input_stream_data", number = 0, flags = 0, payloadType = 1 } = fields;
  const payload = fields.payload ?? Buffer.alloc(0);
  const id = Buffer.from((fields.id ?? randomUuid()).replaceAll("-", ""), "hex");
  const bytes = Buffer.alloc(120 + payload.length);
  bytes.writeUInt32BE(116, 0);
  bytes.fill(0x20, 4, 36).write(type, 4, "ascii");
  bytes.writeUInt32BE(1, 36);
  bytes.writeBigUInt64BE(1_700_000_000_000n, 40);
  bytes.writeBigInt64BE(BigInt(number), 48);
  bytes.writeBigUInt64BE(BigInt(flags), 56);
  id.copy(bytes, 64, 8, 16);
  id.copy(bytes, 72, 0, 8);
  createHash("sha256").update(payload).digest().copy(bytes, 80);
  bytes.writeUInt32BE(payloadType, 112);
  bytes.writeUInt32BE(payload.length, 116);
  payload.copy(bytes, 120);
  return bytes;
}

/** The message in these bytes, of either header length. */
export function read(bytes: Buffer): WireMessage {
  const headerLength = bytes.readUInt32BE(0);
  const payloadLength = bytes.readUInt32BE(headerLength);
  const payload = bytes.subarray(headerLength + 4);
  if (payload.length !== payloadLength)
    throw new RangeError(`payload length ${payloadLength} is not ${payload.length}`);
  const digest = createHash("sha256").update(payload).digest();
  if (!digest.equals(bytes.subarray(80, 112))) throw new RangeError("digest does not match");
  const id = Buffer.concat([bytes.subarray(72, 80), bytes.subarray(64, 72)]).toString("hex");
  return {
    type: bytes.toString("ascii", 4, 36).replace(/[ \0]+$/, ""),
    number: Number(bytes.readBigInt64BE(48)),
    flags: Number(bytes.readBigUInt64BE(56)),
    id: id.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"),
    payloadType: headerLength === 112 ? -1 : bytes.readUInt32BE(112),
    payload,
  };
}

/** An acknowledgement of one output message, as the plugin sends it. */
export function acknowledgement(message: Pick<WireMessage, "id" | "number">): Buffer {
  const payload = JSON.stringify({
    AcknowledgedMessageType: "output_stream_data",
    AcknowledgedMessageId: message.id,
    AcknowledgedMessageSequenceNumber: message.number,
    IsSequentialMessage: true,
  });
  return written({ type: "acknowledge", flags: 3, payloadType: 0, payload: Buffer.from(payload) });
}

/** A HandshakeResponse of the plugin's, input number 0. */
export function handshakeResponse(clientVersion = "1.2.650.0", status = 1): Buffer {
  const action = {
    ActionType: "SessionType",
    ActionStatus: status,
    ActionResult: null,
    Error: status === 1 ? "" : "no",
  };
  const response = { ClientVersion: clientVersion, ProcessedClientActions: [action], Errors: null };
  return written({ number: 0, payloadType: 6, payload: Buffer.from(JSON.stringify(response)) });
}

/** A flag message: 1 DisconnectToPort, 2 TerminateSession, 3 ConnectToPortError. */
export function flagMessage(number: number, flag: number): Buffer {
  return written({ number, payloadType: 10, payload: Buffer.from([0, 0, 0, flag]) });
}

/** A link that keeps what the agent sends. */
export class RecordingLink implements Link {
  readonly messages: WireMessage[] = [];
  readonly readings: boolean[] = [];

  send(message: Buffer): void {
    this.messages.push(read(Buffer.from(message)));
  }

  setReading(isReading: boolean): void {
    this.readings.push(isReading);
  }

  /** Messages of the output stream. */
  get output(): WireMessage[] {
    return this.messages.filter((message) => message.type === "output_stream_data");
  }

  /** Numbers that the agent has acknowledged, in its order. */
  get acknowledged(): number[] {
    return this.messages
      .filter((message) => message.type === "acknowledge")
      .map(
        (message) =>
          (JSON.parse(message.payload.toString()) as { AcknowledgedMessageSequenceNumber: number })
            .AcknowledgedMessageSequenceNumber,
      );
  }
}

function randomUuid(): string {
  return randomBytes(16)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
