// How the agent comes by the key of an encrypted session: KMS's Decrypt, as its role and its network allow it.
import { ProtocolError } from "../../session-manager/protocol-error.ts";
import { AwsError } from "../endpoint/aws-error.ts";
import { encryptionContextKeys } from "../permissions/calls.ts";
import type { InstanceCalls } from "./instance-calls.ts";
import type { KmsKeys } from "./kms-keys.ts";
import type { Session } from "./sessions.ts";
import type { PreferredEncryption } from "./ssm-messages.ts";

export interface SessionKeysOptions {
  readonly keys: KmsKeys;
  readonly calls: InstanceCalls;
}

type EncryptionContext = Readonly<Record<string, string>>;

/** Decrypts data keys in the place of the agents. */
export class SessionKeys {
  readonly #options: SessionKeysOptions;

  constructor(options: SessionKeysOptions) {
    this.#options = options;
  }

  /** How this session is encrypted; undefined for one in clear. */
  encryptionOf({ target, preferences }: Session): PreferredEncryption | undefined {
    const kmsKeyId = preferences?.kmsKeyId;
    if (kmsKeyId === undefined) return undefined;
    const decrypt = (ciphertext: Buffer, context: EncryptionContext): Promise<Buffer> =>
      this.#decrypt(target, kmsKeyId, { ciphertext, context });
    return { kmsKeyId, decrypt };
  }

  async #decrypt(
    instanceId: string,
    kmsKeyId: string,
    { ciphertext, context }: { readonly ciphertext: Buffer; readonly context: EncryptionContext },
  ): Promise<Buffer> {
    const { keys, calls } = this.#options;
    try {
      const key = await keys.find(kmsKeyId);
      const action = "kms:Decrypt";
      const way = { service: "kms", action, resource: key.keyArn, context: encryptionContextKeys(context) } as const;
      await calls.check(instanceId, way, { action, key, encryptionContext: context });
      return await keys.decrypt(kmsKeyId, ciphertext, context);
    } catch (error) {
      if (error instanceof AwsError) throw refusal(error);
      throw error;
    }
  }
}

/** The words of AWS's agent. Source: agent/session/datachannel/datachannel.go, agent/session/crypto/blockcipher.go. */
function refusal({ code, message }: AwsError): ProtocolError {
  const detail = `Error when decrypting data key ${code}: ${message}`;
  return new ProtocolError(
    "DATA_KEY_REFUSED",
    `Encountered error while initiating handshake. Fetching data key failed: Unable to retrieve data key, ${detail}`,
  );
}
