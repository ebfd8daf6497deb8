// The payload of challenge and answer, by which both ends prove that they have the key.
import { Buffer } from "node:buffer";
import { decodeJsonObject, encodeJson, stringMember } from "./json-payload.ts";

/** The JSON of a challenge, whose bytes are encrypted already. Source: aws/amazon-ssm-agent agentmessage.go. */
export function encodeEncryptionChallenge(encrypted: Uint8Array): Buffer {
  return encodeJson({ Challenge: Buffer.from(encrypted).toString("base64") });
}

/** The encrypted bytes. @throws ProtocolError `ENCRYPTION_CHALLENGE_` TOO_LONG, NOT_JSON or BAD_MEMBER */
export function decodeEncryptionChallenge(payload: Uint8Array): Buffer {
  const object = decodeJsonObject(payload, "encryption challenge");
  return Buffer.from(stringMember(object, "Challenge", "encryption challenge"), "base64");
}
