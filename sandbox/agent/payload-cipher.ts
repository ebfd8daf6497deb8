// Encryption of payloads between agent and client with a data key of KMS.
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { ProtocolError } from "../../session-manager/protocol-error.ts";
import { PayloadType } from "../../session-manager/wire/agent-message.ts";

/** What KMS is asked for: two keys in one. */
export const DATA_KEY_BYTES = 64;

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ALGORITHM = "aes-256-gcm";

const ENCRYPTED_TYPES: readonly number[] = [PayloadType.output, PayloadType.stdErr, PayloadType.exitCode];

/** Whether payloads of this type are encrypted once the keys are there; handshake, sizes and flags stay in clear. */
export function isEncryptedType(payloadType: number | undefined): boolean {
  return payloadType !== undefined && ENCRYPTED_TYPES.includes(payloadType);
}

/**
 * AES-256-GCM without additional data; on the wire: nonce (12 bytes), ciphertext, tag (16 bytes).
 *
 * Source: aws/amazon-ssm-agent agent/session/crypto (blockcipher.go, encrypter.go).
 */
export class PayloadCipher {
  readonly #toClient: Buffer;
  readonly #toAgent: Buffer;
  readonly #nonce: Buffer;

  /**
   * `dataKey`: bytes 0–31 encrypt what goes to the client, 32–63 what comes from it.
   * `firstNonce` counts on from here, little-endian, so that none comes twice.
   *
   * @throws ProtocolError with the code BAD_DATA_KEY if it has not 64 bytes
   */
  constructor(dataKey: Buffer, firstNonce: Buffer = randomBytes(NONCE_BYTES)) {
    if (dataKey.length !== DATA_KEY_BYTES) {
      throw new ProtocolError("BAD_DATA_KEY", `cannot use data key: ${dataKey.length} bytes are not ${DATA_KEY_BYTES}`);
    }
    this.#toClient = dataKey.subarray(0, KEY_BYTES);
    this.#toAgent = dataKey.subarray(KEY_BYTES);
    this.#nonce = Buffer.from(firstNonce);
  }

  encrypt(plaintext: Uint8Array): Buffer {
    const nonce = Buffer.from(this.#nonce);
    this.#advance();
    const cipher = createCipheriv(ALGORITHM, this.#toClient, nonce);
    return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  }

  /** @throws ProtocolError with the code UNDECRYPTABLE_PAYLOAD if the client did not encrypt it with this key */
  decrypt(payload: Uint8Array): Buffer {
    try {
      const tagStart = payload.length - TAG_BYTES;
      const decipher = createDecipheriv(ALGORITHM, this.#toAgent, payload.subarray(0, NONCE_BYTES));
      decipher.setAuthTag(payload.subarray(tagStart));
      return Buffer.concat([decipher.update(payload.subarray(NONCE_BYTES, tagStart)), decipher.final()]);
    } catch (cause) {
      const message = `cannot decrypt payload of ${payload.length} bytes`;
      throw new ProtocolError("UNDECRYPTABLE_PAYLOAD", message, { cause });
    }
  }

  #advance(): void {
    for (let place = 0; place < NONCE_BYTES; place++) {
      const next = (this.#nonce.readUInt8(place) + 1) & 0xff;
      this.#nonce.writeUInt8(next, place);
      if (next !== 0) return;
    }
  }
}
