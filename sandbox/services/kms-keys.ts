// KMS keys, which moto keeps: what policies see of them, and their use by the agent.
import { DecryptCommand, DescribeKeyCommand, GetKeyPolicyCommand, type KMSClient } from "@aws-sdk/client-kms";
import { AwsError } from "../endpoint/aws-error.ts";
import type { CalledKey } from "../permissions/calls.ts";

/** Reads keys past all permissions: whoever asks for somebody decides first. */
export class KmsKeys {
  readonly #kms: KMSClient;

  constructor(kms: KMSClient) {
    this.#kms = kms;
  }

  /**
   * The key with this id, ARN or alias, if it can be used, which moto itself does not look at.
   *
   * @throws AwsError NotFoundException, DisabledException or KMSInvalidStateException
   */
  async find(keyId: string): Promise<CalledKey> {
    try {
      const { KeyMetadata } = await this.#kms.send(new DescribeKeyCommand({ KeyId: keyId }));
      const { Arn: keyArn = "", KeyId, KeyState } = KeyMetadata ?? {};
      if (KeyState === "Disabled") throw new AwsError("DisabledException", `${keyArn} is disabled.`);
      if (KeyState === "PendingDeletion")
        throw new AwsError("KMSInvalidStateException", `${keyArn} is pending deletion.`);
      const { Policy } = await this.#kms.send(new GetKeyPolicyCommand({ KeyId, PolicyName: "default" }));
      return { keyArn, policy: JSON.parse(Policy ?? "{}") };
    } catch (error) {
      throw asAwsError(error);
    }
  }

  /** @throws AwsError InvalidCiphertextException for another key's ciphertext, or another encryption context */
  async decrypt(
    keyId: string,
    ciphertext: Buffer,
    encryptionContext: Readonly<Record<string, string>>,
  ): Promise<Buffer> {
    try {
      const { Plaintext = new Uint8Array() } = await this.#kms.send(
        new DecryptCommand({ KeyId: keyId, CiphertextBlob: ciphertext, EncryptionContext: { ...encryptionContext } }),
      );
      return Buffer.from(Plaintext);
    } catch (error) {
      throw asAwsError(error);
    }
  }
}

/** What moto refuses is the caller's fault, and not the sandbox's. */
function asAwsError(error: unknown): unknown {
  if (error instanceof AwsError || !(error instanceof Error) || !("$fault" in error)) return error;
  return new AwsError(error.name, error.message);
}
