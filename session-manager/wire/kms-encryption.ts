// The handshake's action KMSEncryption: what the agent asks, and what the client answers.
import { Buffer } from "node:buffer";
import { isJsonObject, optionalStringMember, stringMember } from "./json-payload.ts";
import type { JsonObject, JsonValue } from "./json-payload.ts";

/** Parameters of the action. */
export interface KmsEncryptionParameters {
  /** Id, ARN or alias of the KMS key that the session preferences name. */
  readonly kmsKeyId: string;
  /** Base64 text of 16 random bytes; undefined from agents that know none. */
  readonly randomChallenge: string | undefined;
}

/** Key and challenge. @throws ProtocolError with the code HANDSHAKE_REQUEST_BAD_MEMBER */
export function decodeKmsEncryptionParameters(parameters: JsonValue): KmsEncryptionParameters {
  const object = isJsonObject(parameters) ? parameters : {};
  const randomChallenge = optionalStringMember(object, "Challenge", "handshake request");
  return {
    kmsKeyId: stringMember(object, "KMSKeyId", "handshake request"),
    randomChallenge: randomChallenge === "" ? undefined : randomChallenge,
  };
}

/** What the client has made of the action. */
export interface KmsEncryptionResult {
  /** The data key as KMS has encrypted it. */
  readonly ciphertextBlob: Uint8Array;
  /** Whether the random challenge is part of the data key's encryption context. */
  readonly isChallengeUsed: boolean;
}

/** The result as it stands in the response. Source: aws/session-manager-plugin src/message/clientmessage.go. */
export function encodeKmsEncryptionResult({ ciphertextBlob, isChallengeUsed }: KmsEncryptionResult): JsonObject {
  return {
    KMSCipherTextKey: Buffer.from(ciphertextBlob).toString("base64"),
    KMSCipherTextHash: null, // AWS's own client sends none, and the agent looks at none
    ...(isChallengeUsed ? { ChallengeAcknowledgement: true } : {}),
  };
}
