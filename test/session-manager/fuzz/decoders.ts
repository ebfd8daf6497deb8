// Every decoder of the wire, with what it takes: valid input, the same with one field changed, and broken input.
import { createCipheriv } from "node:crypto";
import { PayloadCipher } from "../../../session-manager/encryption/payload-cipher.ts";
import { decodeAcknowledge } from "../../../session-manager/wire/acknowledge.ts";
import { decodeAgentMessage } from "../../../session-manager/wire/agent-message.ts";
import { decodeChannelClosed } from "../../../session-manager/wire/channel-closed.ts";
import { decodeEncryptionChallenge } from "../../../session-manager/wire/encryption-challenge.ts";
import { decodeExitCode } from "../../../session-manager/wire/exit-code.ts";
import { decodeFlag } from "../../../session-manager/wire/flag.ts";
import * as handshake from "../../../session-manager/wire/handshake.ts";
import { decodeKmsEncryptionParameters } from "../../../session-manager/wire/kms-encryption.ts";
import { decodeOpenDataChannel } from "../../../session-manager/wire/open-data-channel.ts";
import { decodeSmuxHeader } from "../../../session-manager/wire/smux-header.ts";
import { validAgentMessage, withOneFieldChanged } from "./hostile-agent-message.ts";
import { brokenJson, withOneMemberChanged } from "./hostile-json.ts";
import { readSmuxStream, smuxStream, validSmuxFrame, withHeaderChanged } from "./hostile-smux.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** How an input is made. */
export type Kind = "valid" | "one field changed" | "broken" | "noise";

/** One decoder under fuzz. */
export interface Decoder {
  readonly name: string;
  readonly decode: (bytes: Buffer, random: SeededRandom) => unknown;
  readonly make: (kind: Exclude<Kind, "noise">, random: SeededRandom) => Buffer;
}

const flagBytes = (random: SeededRandom): Buffer => Buffer.from([0, 0, 0, random.below(5)]);

const exitCodeBytes = (random: SeededRandom): Buffer => Buffer.from(`EXIT_CODE: ${random.oneOf([0, 1, 130, 255])}`);

const dataKey = Buffer.alloc(64, "a key of 64 bytes, of which the agent uses the first half");
const cipher = new PayloadCipher(dataKey);

/** As the agent encrypts: nonce, ciphertext, tag. */
function encryptedPayload(random: SeededRandom): Buffer {
  const nonce = random.bytes(12);
  const sealing = createCipheriv("aes-256-gcm", dataKey.subarray(0, 32), nonce);
  const sealed = sealing.update(random.bytes(random.oneOf([0, 1, 100])));
  return Buffer.concat([nonce, sealed, sealing.final(), sealing.getAuthTag()]);
}

function withOneByteChanged(bytes: Buffer, random: SeededRandom): Buffer {
  bytes.writeUInt8(random.below(256), random.below(bytes.length));
  return bytes;
}

const cutOrPadded = (bytes: Buffer, random: SeededRandom): Buffer =>
  random.meets(0.7)
    ? bytes.subarray(0, random.below(bytes.length))
    : Buffer.concat([bytes, Buffer.alloc(random.oneOf([1, 4, 70_000]))]);

function jsonDecoder(name: string, decode: (bytes: Buffer) => unknown, valid: object): Decoder {
  return {
    name,
    decode,
    make: (kind, random) => {
      if (kind === "valid") return Buffer.from(JSON.stringify(valid));
      return kind === "broken" ? brokenJson(valid, random) : withOneMemberChanged(valid, random);
    },
  };
}

function bytesDecoder(
  name: string,
  decode: (bytes: Buffer) => unknown,
  valid: (random: SeededRandom) => Buffer,
  changed: (bytes: Buffer, random: SeededRandom) => Buffer,
): Decoder {
  return {
    name,
    decode,
    make: (kind, random) => {
      const bytes = valid(random);
      if (kind === "valid") return bytes;
      return kind === "broken" ? cutOrPadded(bytes, random) : changed(bytes, random);
    },
  };
}

/** As the client reads a request: with the parameters of each action. */
function decodeRequest(bytes: Buffer): unknown {
  const request = handshake.decodeHandshakeRequest(bytes);
  const parameters = request.requestedClientActions.map(({ actionParameters }) =>
    handshake.decodeSessionTypeParameters(actionParameters),
  );
  return { request, parameters };
}

/** The same of a session that is encrypted. */
function decodeEncryptionRequest(bytes: Buffer): unknown {
  const request = handshake.decodeHandshakeRequest(bytes);
  return request.requestedClientActions.map(({ actionParameters }) => decodeKmsEncryptionParameters(actionParameters));
}

const kmsAction = {
  ActionType: "KMSEncryption",
  ActionParameters: { KMSKeyId: "alias/sessions", Challenge: "AAECAwQFBgcICQoLDA0ODw==" },
};
const sessionTypeAction = {
  ActionType: "SessionType",
  ActionParameters: { SessionType: "Port", Properties: { portNumber: "22" } },
};
const processedAction = { ActionType: "SessionType", ActionStatus: 1, ActionResult: null, Error: "" };

export const decoders: readonly Decoder[] = [
  bytesDecoder("agent message", decodeAgentMessage, validAgentMessage, withOneFieldChanged),
  bytesDecoder("flag", decodeFlag, flagBytes, withOneByteChanged),
  bytesDecoder("exit code", decodeExitCode, exitCodeBytes, withOneByteChanged),
  bytesDecoder("encrypted payload", (bytes) => cipher.decrypt(bytes), encryptedPayload, withOneByteChanged),
  bytesDecoder("smux header", decodeSmuxHeader, validSmuxFrame, withHeaderChanged),
  {
    name: "smux stream",
    decode: readSmuxStream,
    make: (kind, random) =>
      kind === "broken" ? cutOrPadded(smuxStream(random, false), random) : smuxStream(random, kind !== "valid"),
  },
  jsonDecoder("acknowledge", decodeAcknowledge, {
    AcknowledgedMessageType: "output_stream_data",
    AcknowledgedMessageId: "00112233-4455-4677-8899-aabbccddeeff",
    AcknowledgedMessageSequenceNumber: 5,
    IsSequentialMessage: true,
  }),
  jsonDecoder("channel closed", decodeChannelClosed, {
    MessageType: "channel_closed",
    MessageId: "00112233-4455-4677-8899-aabbccddeeff",
    DestinationId: "i-0123456789abcdef0",
    SessionId: "user-0123456789abcdef0",
    SchemaVersion: 1,
    CreatedDate: "1700000000000",
    Output: "gone",
  }),
  jsonDecoder("handshake request", decodeRequest, {
    AgentVersion: "3.3.987.0",
    RequestedClientActions: [sessionTypeAction],
  }),
  jsonDecoder("encryption request", decodeEncryptionRequest, {
    AgentVersion: "3.3.987.0",
    RequestedClientActions: [kmsAction],
  }),
  jsonDecoder("encryption challenge", decodeEncryptionChallenge, { Challenge: "AAECAwQFBgcICQoLDA0ODw==" }),
  jsonDecoder("handshake response", handshake.decodeHandshakeResponse, {
    ClientVersion: "1.2.764.0",
    ProcessedClientActions: [processedAction],
    Errors: ["none"],
  }),
  jsonDecoder("handshake complete", handshake.decodeHandshakeComplete, {
    HandshakeTimeToComplete: 1,
    CustomerMessage: "welcome",
  }),
  jsonDecoder("open data channel", decodeOpenDataChannel, {
    MessageSchemaVersion: "1.0",
    RequestId: "00112233-4455-4677-8899-aabbccddeeff",
    TokenValue: "token",
    ClientId: "00112233-4455-4677-8899-aabbccddeeff",
    ClientVersion: "1.2.764.0",
  }),
];
