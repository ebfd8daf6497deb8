// How client and agent come to the same keys: a data key that KMS lets both read, and a proof that the agent has it.
import type { Buffer } from "node:buffer";
import { ProtocolError } from "../protocol-error.ts";
import { decodeEncryptionChallenge, encodeEncryptionChallenge } from "../wire/encryption-challenge.ts";
import { decodeKmsEncryptionParameters, encodeKmsEncryptionResult } from "../wire/kms-encryption.ts";
import type { JsonObject, JsonValue } from "../wire/json-payload.ts";
import { quote } from "../wire/quote.ts";
import type { SessionEncryption } from "./data-key.ts";
import { PayloadCipher } from "./payload-cipher.ts";

/** What was agreed on. */
export interface AgreedEncryption {
  /** As the agent named it. */
  readonly kmsKeyId: string;
  readonly cipher: PayloadCipher;
}

/**
 * One agreement: first offer(), then answerChallenge(), then `agreed`.
 *
 * Source: aws/session-manager-plugin src/datachannel/streaming.go, aws/amazon-ssm-agent
 * agent/session/datachannel/datachannel.go (finalizeKMSEncryption).
 */
export class KeyAgreement {
  readonly #encryption: SessionEncryption;
  readonly #sessionId: string;
  #offered: AgreedEncryption | undefined;
  #isProven = false;

  constructor(encryption: SessionEncryption, sessionId: string) {
    this.#encryption = encryption;
    this.#sessionId = sessionId;
  }

  /**
   * The result of the action KMSEncryption: a new data key, readable for whoever may decrypt with that KMS key.
   *
   * @param parameters - those of the action
   * @throws ProtocolError with the code ENCRYPTION_KEY_UNEXPECTED, ENCRYPTION_BAD_DATA_KEY or
   *   HANDSHAKE_REQUEST_BAD_MEMBER, or what generateDataKey() throws
   */
  async offer(parameters: JsonValue): Promise<JsonObject> {
    const { kmsKeyId, randomChallenge } = decodeKmsEncryptionParameters(parameters);
    this.#refuseOtherKeys(kmsKeyId);
    const { plaintext, ciphertextBlob } = await this.#encryption.generateDataKey(kmsKeyId, {
      "aws:ssm:SessionId": this.#sessionId,
      "aws:ssm:TargetId": this.#encryption.targetId,
      // Binds the data key to this one handshake; agents that know no challenge send none.
      ...(randomChallenge === undefined ? {} : { "aws:ssm:RandomChallenge": randomChallenge }),
    });
    this.#offered = { kmsKeyId, cipher: new PayloadCipher(plaintext) };
    plaintext.fill(0);
    return encodeKmsEncryptionResult({ ciphertextBlob, isChallengeUsed: randomChallenge !== undefined });
  }

  /**
   * The payload that answers the agent's challenge: the same bytes, under the other key.
   *
   * @throws ProtocolError with the code ENCRYPTION_CHALLENGE_UNEXPECTED, ENCRYPTION_CHALLENGE_FAILED if the agent has
   *   another key, or those of decodeEncryptionChallenge()
   */
  answerChallenge(payload: Uint8Array): Buffer {
    if (this.#offered === undefined || this.#isProven) {
      throw refusal("ENCRYPTION_CHALLENGE_UNEXPECTED", "the agent's challenge came out of turn");
    }
    const { cipher } = this.#offered;
    const challenge = decrypted(decodeEncryptionChallenge(payload), cipher);
    this.#isProven = true;
    return encodeEncryptionChallenge(cipher.encrypt(challenge));
  }

  /**
   * What was agreed on, once the agent has proved its key.
   *
   * @throws ProtocolError with the code ENCRYPTION_NOT_PROVED
   */
  get agreed(): AgreedEncryption {
    if (this.#offered === undefined || !this.#isProven) {
      throw refusal("ENCRYPTION_NOT_PROVED", "the agent did not prove that it has the key");
    }
    return this.#offered;
  }

  #refuseOtherKeys(kmsKeyId: string): void {
    const wanted = this.#encryption.required?.kmsKeyId;
    if (wanted === undefined || isSameKey(wanted, kmsKeyId)) return;
    const detail = `the agent names KMS key ${quote(kmsKeyId)}, not ${quote(wanted)}`;
    throw refusal("ENCRYPTION_KEY_UNEXPECTED", detail);
  }
}

/** One of the two may be the ARN of what the other is the id of. */
function isSameKey(one: string, other: string): boolean {
  return one === other || one.endsWith(`:key/${other}`) || other.endsWith(`:key/${one}`);
}

function decrypted(challenge: Uint8Array, cipher: PayloadCipher): Buffer {
  try {
    return cipher.decrypt(challenge);
  } catch (cause) {
    throw refusal("ENCRYPTION_CHALLENGE_FAILED", "the agent has another key than we have", cause);
  }
}

function refusal(code: string, detail: string, cause?: unknown): ProtocolError {
  return new ProtocolError(code, `cannot encrypt session: ${detail}`, { cause });
}
