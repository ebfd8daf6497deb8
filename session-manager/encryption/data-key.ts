// What encryption needs from outside: data keys of KMS, and what the caller expects of the session.

/** The bytes of a data key: one half for each direction. */
export const DATA_KEY_BYTES = 64;

/** A key of KMS's for one session. */
export interface DataKey {
  /** 64 bytes; a secret, which is wiped once it is in use. */
  readonly plaintext: Uint8Array;
  /** The same under the KMS key, for the agent to have decrypted. */
  readonly ciphertextBlob: Uint8Array;
}

/** What a data key is bound to: KMS decrypts it for nobody who does not name the same. */
export type EncryptionContext = Readonly<Record<string, string>>;

/**
 * Asks KMS for a data key of 64 bytes (GenerateDataKey).
 *
 * What it rejects with ends the opening of the session, unchanged.
 *
 * @param kmsKeyId - id, ARN or alias, as the agent names it
 */
export type GenerateDataKey = (kmsKeyId: string, encryptionContext: EncryptionContext) => Promise<DataKey>;

/** How a session may be, or has to be, encrypted. */
export interface SessionEncryption {
  readonly generateDataKey: GenerateDataKey;
  /** The session's target, e.g. an instance id; the agent's KMS call names the same. */
  readonly targetId: string;
  /**
   * What the session must be encrypted with; one in clear, or under another key, is refused.
   *
   * @default - nothing: whether to encrypt, and with which key, is the agent's to say
   */
  readonly required?: RequiredEncryption | undefined;
}

/** The least that a caller accepts. */
export interface RequiredEncryption {
  /**
   * Id or ARN of the only KMS key that will do; compared with what the agent names.
   *
   * @default - any key
   */
  readonly kmsKeyId?: string | undefined;
}
