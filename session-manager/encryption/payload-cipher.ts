// Encrypts what we send and decrypts what the agent sends, with the two halves of a data key.
import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { ProtocolError } from "../protocol-error.ts";
import { PayloadType } from "../wire/agent-message.ts";
import { DATA_KEY_BYTES } from "./data-key.ts";

const ALGORITHM = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Bytes that encryption adds to a payload. */
export const ENCRYPTION_OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES;

/**
 * AES-256-GCM without additional data. An encrypted payload is nonce (12 bytes), ciphertext, tag (16 bytes).
 *
 * Source: aws/session-manager-plugin src/encryption/encrypter.go, aws/amazon-ssm-agent agent/session/crypto.
 */
export class PayloadCipher {
  readonly #fromAgent: KeyObject;
  readonly #toAgent: KeyObject;
  readonly #nonce: Buffer;

  /**
   * Copies the key; the caller may wipe it.
   *
   * @param dataKey - bytes 0–31 decrypt what comes from the agent, 32–63 encrypt what goes to it
   * @param firstNonce - counts on from here, little-endian as the agent counts its own, so that none comes twice
   * @throws ProtocolError with the code ENCRYPTION_BAD_DATA_KEY unless there are 64 bytes
   */
  constructor(dataKey: Uint8Array, firstNonce: Uint8Array = randomBytes(NONCE_BYTES)) {
    if (dataKey.length !== DATA_KEY_BYTES) {
      const detail = `${dataKey.length} bytes are not ${DATA_KEY_BYTES}`;
      throw new ProtocolError("ENCRYPTION_BAD_DATA_KEY", `cannot use data key: ${detail}`);
    }
    this.#fromAgent = createSecretKey(dataKey.subarray(0, KEY_BYTES));
    this.#toAgent = createSecretKey(dataKey.subarray(KEY_BYTES));
    this.#nonce = Buffer.from(firstNonce);
  }

  /** The payload as it goes on the wire: encrypted if its type is one that is, else as it was. */
  seal(payloadType: number, payload: Uint8Array): Uint8Array {
    return isEncryptedType(payloadType) ? this.encrypt(payload) : payload;
  }

  /**
   * The payload as the agent meant it.
   *
   * @throws ProtocolError with the code PAYLOAD_UNDECRYPTABLE
   */
  unseal(payloadType: number, payload: Uint8Array): Uint8Array {
    return isEncryptedType(payloadType) ? this.decrypt(payload) : payload;
  }

  /** Encrypted for the agent, with a nonce that no other payload has. */
  encrypt(plaintext: Uint8Array): Buffer {
    const nonce = Buffer.from(this.#nonce);
    this.#countNonce();
    const cipher = createCipheriv(ALGORITHM, this.#toAgent, nonce);
    return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  }

  /**
   * What the agent has encrypted.
   *
   * @throws ProtocolError with the code PAYLOAD_UNDECRYPTABLE if it was changed on the way, or made with another key
   */
  decrypt(payload: Uint8Array): Buffer {
    if (payload.length < ENCRYPTION_OVERHEAD_BYTES) throw undecryptable(payload);
    const tagStart = payload.length - TAG_BYTES;
    const decipher = createDecipheriv(ALGORITHM, this.#fromAgent, payload.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(payload.subarray(tagStart));
    try {
      return Buffer.concat([decipher.update(payload.subarray(NONCE_BYTES, tagStart)), decipher.final()]);
    } catch (cause) {
      throw undecryptable(payload, cause);
    }
  }

  #countNonce(): void {
    for (let place = 0; place < NONCE_BYTES; place += 1) {
      const next = (this.#nonce.readUInt8(place) + 1) & 0xff;
      this.#nonce.writeUInt8(next, place);
      if (next !== 0) return;
    }
  }
}

/** Handshake, sizes and flags stay in clear, in sessions that are encrypted too. */
function isEncryptedType(payloadType: number): boolean {
  const { output, stdErr, exitCode } = PayloadType;
  return payloadType === output || payloadType === stdErr || payloadType === exitCode;
}

function undecryptable({ length }: Uint8Array, cause?: unknown): ProtocolError {
  const message = `cannot decrypt payload of ${length} bytes: it was changed on the way, or made with another key`;
  return new ProtocolError("PAYLOAD_UNDECRYPTABLE", message, { cause });
}
