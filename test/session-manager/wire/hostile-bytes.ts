// Bytes that a hostile peer might send: mostly valid ones with one thing changed, so that they get past the first check.
import fc from "fast-check";
import { decodeAcknowledge, encodeAcknowledge } from "../../../session-manager/wire/acknowledge.ts";
import { decodeAgentMessage } from "../../../session-manager/wire/agent-message.ts";
import { decodeChannelClosed } from "../../../session-manager/wire/channel-closed.ts";
import { decodeFlag, encodeFlag } from "../../../session-manager/wire/flag.ts";
import * as handshake from "../../../session-manager/wire/handshake.ts";
import { decodeOpenDataChannel, encodeOpenDataChannel } from "../../../session-manager/wire/open-data-channel.ts";
import { decodeSmuxHeader } from "../../../session-manager/wire/smux-header.ts";
import { agentMessageVectors, fromHex } from "./vectors.ts";

/** A decoder, and valid input for it. */
export interface Target {
  readonly name: string;
  readonly decode: (bytes: Buffer) => unknown;
  readonly valid: readonly Buffer[];
}

const request = {
  AgentVersion: "3.3.987.0",
  RequestedClientActions: [{ ActionType: "SessionType", ActionParameters: { SessionType: "Port" } }],
};
const response = {
  ClientVersion: "1.2.764.0",
  ProcessedClientActions: [{ ActionType: "SessionType", ActionStatus: 1, ActionResult: null, Error: "" }],
  Errors: null,
};
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** All decoders of the wire. */
export const targets: readonly Target[] = [
  { name: "agent message", decode: decodeAgentMessage, valid: agentMessageVectors.map(({ bytes }) => bytes) },
  {
    name: "acknowledge",
    decode: decodeAcknowledge,
    valid: [
      encodeAcknowledge({
        acknowledgedMessageType: "output_stream_data",
        acknowledgedMessageId: "",
        acknowledgedMessageSequenceNumber: 5,
      }),
    ],
  },
  {
    name: "channel closed",
    decode: decodeChannelClosed,
    valid: [json({ SessionId: "s", Output: "gone", CreatedDate: "1" })],
  },
  { name: "handshake request", decode: handshake.decodeHandshakeRequest, valid: [json(request)] },
  { name: "handshake response", decode: handshake.decodeHandshakeResponse, valid: [json(response)] },
  {
    name: "handshake complete",
    decode: handshake.decodeHandshakeComplete,
    valid: [json({ HandshakeTimeToComplete: 1, CustomerMessage: "" })],
  },
  { name: "flag", decode: decodeFlag, valid: [encodeFlag(2)] },
  {
    name: "open data channel",
    decode: decodeOpenDataChannel,
    valid: [encodeOpenDataChannel({ requestId: "r", tokenValue: "t", clientId: "c", clientVersion: undefined })],
  },
  { name: "smux header", decode: decodeSmuxHeader, valid: ["0100000003000000", "0102030003000000474554"].map(fromHex) },
];

/** Where the fields of a binary message lie: a mutation of one of them is worth more than one of any byte. */
const interestingNumbers = [0, 1, 111, 112, 113, 115, 116, 120, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/** One change: to a four-byte or eight-byte field, to one byte, to the length, or to a member of the JSON. */
const change = fc.oneof(
  fc.record({ kind: fc.constant("field" as const), at: fc.nat(40), to: fc.constantFrom(...interestingNumbers) }),
  fc.record({ kind: fc.constant("byte" as const), at: fc.oneof(fc.nat(7), fc.nat(400)), to: fc.nat(255) }),
  fc.record({
    kind: fc.constant("long" as const),
    at: fc.constantFrom(40, 48, 56),
    to: fc.constantFrom(0, 0x1f, 0x20, 0xff),
  }),
  fc.record({ kind: fc.constant("cut" as const), at: fc.nat(400), to: fc.constant(0) }),
  fc.record({ kind: fc.constant("member" as const), at: fc.nat(7), to: fc.nat(7) }),
  fc.record({ kind: fc.constant("pad" as const), at: fc.constant(0), to: fc.constantFrom(1, 4, 70_000) }),
);

const memberValues = ["-1", "0.5", "null", "[]", "{}", '""', "1e999", "[null]"];

function apply(
  bytes: Buffer,
  { kind, at, to }: { kind: "field" | "byte" | "long" | "cut" | "member" | "pad"; at: number; to: number },
): Buffer {
  const changed = Buffer.from(bytes);
  if (kind === "field" && at * 4 + 4 <= changed.length) changed.writeUInt32BE(to, at * 4);
  if (kind === "byte" && at < changed.length) changed.writeUInt8(to, at);
  if (kind === "long" && at + 8 <= changed.length) changed.fill(0, at, at + 8).writeUInt8(to, at + 1);
  if (kind === "cut") return changed.subarray(0, at);
  if (kind === "pad") return Buffer.concat([changed, Buffer.alloc(to, " ")]);
  if (kind === "member") return withMember(changed, at, memberValues[to] ?? "null");
  return changed;
}

/** The JSON with the value of its nth member replaced. */
function withMember(bytes: Buffer, index: number, value: string): Buffer {
  let seen = -1;
  return Buffer.from(
    bytes.toString("latin1").replace(/(":)("[^"]*"|-?\d+|null|true)/g, (whole, colon: string) => {
      seen += 1;
      return seen === index ? `${colon}${value}` : whole;
    }),
    "latin1",
  );
}

/** Input for a decoder: at least nine of ten times valid bytes with a change, else noise. */
export const hostileInput = fc.constantFrom(...targets).chain((target) =>
  fc.record({
    target: fc.constant(target),
    bytes: fc.oneof(
      {
        weight: 9,
        arbitrary: fc.tuple(fc.constantFrom(...target.valid), change).map(([bytes, once]) => apply(bytes, once)),
      },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
    ),
  }),
);
