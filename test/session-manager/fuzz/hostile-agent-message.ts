// Agent messages, written from the protocol's table and then changed in one field.
import { createHash } from "node:crypto";
import { written } from "../../sandbox/agent/hand-written-wire.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** The fields of the 116-byte header: offset and bytes. */
const fields = {
  headerLength: [0, 4],
  messageType: [4, 32],
  schemaVersion: [36, 4],
  createdDate: [40, 8],
  sequenceNumber: [48, 8],
  flags: [56, 8],
  messageId: [64, 16],
  payloadDigest: [80, 32],
  payloadType: [112, 4],
  payloadLength: [116, 4],
} as const;

const types = ["input_stream_data", "output_stream_data", "acknowledge", "channel_closed", "start_publication"];

const numbers: readonly number[] = [0, 1, 111, 112, 113, 115, 116, 120, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/** Numbers of eight bytes around what a double can hold. */
const longs: readonly bigint[] = [0n, 1n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];

/** A valid message; one of five is in the service's form, with a header of 112 bytes. */
export function validAgentMessage(random: SeededRandom): Buffer {
  const bytes = written({
    type: random.oneOf(types),
    number: random.oneOf([0, 1, 7, 2 ** 31, 2 ** 40]),
    flags: random.below(4),
    payloadType: random.below(14),
    payload: random.bytes(random.oneOf([0, 1, 8, 100])),
    id: "00112233-4455-4677-8899-aabbccddeeff",
  });
  return random.meets(0.2) ? inShortForm(bytes) : bytes;
}

/** The message with one field changed; nothing else is, but the digest when it is the payload. */
export function withOneFieldChanged(valid: Buffer, random: SeededRandom): Buffer {
  const bytes = Buffer.from(valid);
  if (random.meets(0.1) && bytes.length > 120) return withPayloadChanged(bytes, random);
  const field = random.oneOf(Object.keys(fields) as (keyof typeof fields)[]);
  const [offset, length] = fields[field];
  if (offset + length > bytes.length) return bytes;
  if (length === 4) bytes.writeUInt32BE(nearOrOdd(bytes.readUInt32BE(offset), random), offset);
  else if (length === 8) bytes.writeBigUInt64BE(random.oneOf(longs), offset);
  else if (random.meets(0.5)) bytes.writeUInt8(random.below(256), offset + random.below(length));
  else bytes.fill(random.oneOf([0x00, 0x20, 0x41, 0xff]), offset, offset + length);
  return bytes;
}

function nearOrOdd(number: number, random: SeededRandom): number {
  return random.meets(0.3) ? (number + random.oneOf([1, -1, 4, -4]) + 2 ** 32) % 2 ** 32 : random.oneOf(numbers);
}

function withPayloadChanged(bytes: Buffer, random: SeededRandom): Buffer {
  bytes.writeUInt8(random.below(256), 120 + random.below(bytes.length - 120));
  if (random.meets(0.5)) createHash("sha256").update(bytes.subarray(120)).digest().copy(bytes, 80);
  return bytes;
}

function inShortForm(bytes: Buffer): Buffer {
  const short = Buffer.concat([bytes.subarray(0, 112), bytes.subarray(116)]);
  short.writeUInt32BE(112, 0);
  for (let at = 35; short[at] === 0x20; at -= 1) short.writeUInt8(0, at);
  return short;
}
