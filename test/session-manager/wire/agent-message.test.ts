// The binary message against bytes that another program made, and against hostile fields.
import { createHash } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { decodeAgentMessage, encodeAgentMessage } from "../../../session-manager/wire/agent-message.ts";
import { expectCode } from "../expect-code.ts";
import { agentMessageVector, agentMessageVectors } from "./vectors.ts";

const inputData = (): Buffer => agentMessageVector("input data").bytes;
const shortForm = (): Buffer => agentMessageVector("channel_closed from the service, in the 112-byte form").bytes;

function withUInt32(bytes: Buffer, value: number, offset: number): Buffer {
  bytes.writeUInt32BE(value, offset);
  return bytes;
}

describe("the worked examples", () => {
  it.each(agentMessageVectors)("are whole: $name", ({ bytes, length, sha256 }) => {
    expect([bytes.length, createHash("sha256").update(bytes).digest("hex")]).toEqual([length, sha256]);
  });
});

describe("encodeAgentMessage()", () => {
  it.each(agentMessageVectors)("writes the bytes of: $name", ({ message, bytes }) => {
    expect(encodeAgentMessage(message).toString("hex")).toBe(bytes.toString("hex"));
  });

  it.each([
    ["an empty message type", { messageType: "" }],
    ["a message type of 33 characters", { messageType: "x".repeat(33) }],
    ["a message type with a blank", { messageType: "input data" }],
    ["an id that is no UUID", { messageId: "00112233445546778899aabbccddeeff" }],
    ["an id with a letter that is no hex digit", { messageId: "00112233-4455-4677-8899-aabbccddeefg" }],
    ["an id that is too long", { messageId: "00112233-4455-4677-8899-aabbccddeeff0" }],
    ["a sequence number that is no integer", { sequenceNumber: 0.5 }],
    ["a sequence number below 0", { sequenceNumber: -1 }],
    ["a payload type beyond 32 bits", { payloadType: 0x1_0000_0000 }],
  ])("fails with RangeError on %s", (_, wrong) => {
    const { message } = agentMessageVector("input data");
    expect(() => encodeAgentMessage({ ...message, ...wrong })).toThrow(expect.objectContaining({ name: "RangeError" }));
  });

  it("writes the largest sequence number that a number holds exactly", () => {
    const { message } = agentMessageVector("input data");
    const bytes = encodeAgentMessage({ ...message, sequenceNumber: Number.MAX_SAFE_INTEGER });
    expect(bytes.toString("hex", 48, 56)).toBe("001fffffffffffff");
  });
});

describe("decodeAgentMessage()", () => {
  it.each(agentMessageVectors)("reads the bytes of: $name", ({ message, bytes }) => {
    expect(decodeAgentMessage(bytes)).toEqual(message);
  });

  it("reads a plain Uint8Array in the middle of a larger one", () => {
    const { message, bytes } = agentMessageVector("input data");
    const larger = new Uint8Array(300);
    larger.set(bytes, 17);
    expect(decodeAgentMessage(larger.subarray(17, 17 + bytes.length))).toEqual(message);
  });

  it("gives a view of the bytes as payload, not a copy", () => {
    const bytes = inputData();
    expect(decodeAgentMessage(bytes).payload.buffer).toBe(bytes.buffer);
  });

  it("reads a message type of all 32 characters", () => {
    const bytes = inputData();
    bytes.fill("x", 4, 36);
    expect(decodeAgentMessage(bytes).messageType).toBe("x".repeat(32));
  });

  it("believes a payload length that is smaller than what follows", () => {
    const bytes = Buffer.concat([inputData(), Buffer.from("trailing")]);
    expect(Buffer.from(decodeAgentMessage(bytes).payload).toString()).toBe("hello\n");
  });

  it("reads a payload of no bytes, whatever its digest", () => {
    const bytes = withUInt32(inputData(), 0, 116).subarray(0, 120);
    expect(decodeAgentMessage(bytes).payload).toHaveLength(0);
  });

  it.each(["start_publication", "pause_publication"])("looks at no digest of %s, as AWS's client does", (type) => {
    const bytes = inputData();
    bytes.fill(0, 4, 36).write(type, 4);
    bytes.fill(0, 80, 112);
    expect(decodeAgentMessage(bytes).messageType).toBe(type);
  });

  it("has no payload type when the header ends before it", () => {
    expect(decodeAgentMessage(shortForm()).payloadType).toBeUndefined();
  });

  it("follows a header length beyond the known one", () => {
    const bytes = inputData();
    const longer = withUInt32(Buffer.concat([bytes.subarray(0, 116), Buffer.alloc(4), bytes.subarray(116)]), 120, 0);
    expect(Buffer.from(decodeAgentMessage(longer).payload).toString()).toBe("hello\n");
  });

  it.each([
    ["no bytes", () => Buffer.alloc(0), "TOO_SHORT"],
    ["one byte too few for the short header", () => shortForm().subarray(0, 115), "TOO_SHORT"],
    ["header length 0", () => withUInt32(inputData(), 0, 0), "BAD_HEADER_LENGTH"],
    ["header length 111", () => withUInt32(inputData(), 111, 0), "BAD_HEADER_LENGTH"],
    ["header length one past the end", () => withUInt32(inputData(), 123, 0), "BAD_HEADER_LENGTH"],
    ["header length 2^32 - 1", () => withUInt32(inputData(), 0xffff_ffff, 0), "BAD_HEADER_LENGTH"],
    ["a type of NULs only", () => inputData().fill(0, 4, 36), "BAD_TYPE"],
    ["a type of blanks only", () => inputData().fill(0x20, 4, 36), "BAD_TYPE"],
    ["a type with a terminal escape", () => inputData().fill(0x1b, 5, 6), "BAD_TYPE"],
    ["a type beyond ASCII", () => inputData().fill(0xe9, 5, 6), "BAD_TYPE"],
    ["created date 0", () => inputData().fill(0, 40, 48), "BAD_CREATED_DATE"],
    ["created date 2^53", () => withUInt32(inputData(), 0x20_0000, 40), "BAD_CREATED_DATE"],
    ["sequence number -1", () => inputData().fill(0xff, 48, 56), "BAD_SEQUENCE_NUMBER"],
    ["sequence number 2^53", () => withUInt32(inputData(), 0x20_0000, 48), "BAD_SEQUENCE_NUMBER"],
    ["flags beyond 2^53", () => inputData().fill(0xff, 56, 64), "BAD_FLAGS"],
    ["payload length one too large", () => withUInt32(inputData(), 7, 116), "TRUNCATED"],
    ["payload length 2^32 - 1", () => withUInt32(inputData(), 0xffff_ffff, 116), "TRUNCATED"],
    ["payload length one too large in the short form", () => withUInt32(shortForm(), 219, 112), "TRUNCATED"],
    ["payload length one too small", () => withUInt32(inputData(), 5, 116), "DIGEST_MISMATCH"],
    ["another payload", () => inputData().fill("j", 120, 121), "DIGEST_MISMATCH"],
    ["another digest", () => inputData().fill(0, 111, 112), "DIGEST_MISMATCH"],
  ])("fails on %s", (_, bytes, code) => {
    expectCode(() => decodeAgentMessage(bytes()), `AGENT_MESSAGE_${code}`);
  });

  it("escapes the type that it refuses", () => {
    const bytes = inputData().fill(0x1b, 5, 6);
    expect(() => decodeAgentMessage(bytes)).toThrow(
      'cannot decode agent message: message type is "i\\u001bput_stream_data"',
    );
  });
});
