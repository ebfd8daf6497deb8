// The agent's side of an encrypted session, written from the protocol with Node's cryptography and nothing of our client's.
import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import type { SessionEncryption } from "../../../session-manager/encryption/data-key.ts";
import type { RequestedClientAction } from "../../../session-manager/wire/handshake.ts";

const DATA_KEY = Buffer.concat(["agent to client", "client to agent"].map((text) => digest(text)));
const CHALLENGE = digest("challenge");
const KMS_KEY_ID = "arn:aws:kms:eu-central-1:123456789012:key/reference";

/** KMS, to the client: everybody gets the same data key. */
export const referenceEncryption: SessionEncryption = {
  generateDataKey: () => Promise.resolve({ plaintext: Buffer.from(DATA_KEY), ciphertextBlob: Buffer.from("wrapped") }),
  targetId: "i-0123456789abcdef0",
  required: { kmsKeyId: KMS_KEY_ID },
};

/** What the agent asks for in the handshake. */
export const encryptionAction: RequestedClientAction = {
  actionType: "KMSEncryption",
  actionParameters: { KMSKeyId: KMS_KEY_ID, Challenge: "cmFuZG9tbmVzcw==" },
};

/** Encrypts and decrypts as the agent; remembers every nonce of the client's, since none may come twice. */
export class ReferenceCipher {
  readonly #noncesSeen = new Set<string>();
  #nonce = 0;

  /** The payload of the challenge. */
  challenge(): Buffer {
    return Buffer.from(JSON.stringify({ Challenge: this.encrypt(CHALLENGE).toString("base64") }));
  }

  /** Whether the client's answer holds what the challenge held. */
  isAnswer(payload: Uint8Array): boolean {
    const { Challenge } = JSON.parse(Buffer.from(payload).toString()) as { readonly Challenge: string };
    return this.decrypt(Buffer.from(Challenge, "base64")).equals(CHALLENGE);
  }

  encrypt(plaintext: Uint8Array): Buffer {
    const nonce = Buffer.alloc(12);
    nonce.writeUInt32LE(this.#nonce);
    this.#nonce += 1;
    const cipher = createCipheriv("aes-256-gcm", DATA_KEY.subarray(0, 32), nonce);
    return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  }

  /** @throws RangeError for a nonce that has been used, Node's error for a tag that does not fit */
  decrypt(payload: Uint8Array): Buffer {
    const bytes = Buffer.from(payload);
    const nonce = bytes.subarray(0, 12);
    if (this.#noncesSeen.has(nonce.toString("hex"))) throw new RangeError("a nonce was used twice");
    this.#noncesSeen.add(nonce.toString("hex"));
    const decipher = createDecipheriv("aes-256-gcm", DATA_KEY.subarray(32), nonce).setAuthTag(bytes.subarray(-16));
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
  }
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
