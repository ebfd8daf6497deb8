// KMS: data keys for sessions that are encrypted. Loaded only when an agent asks for encryption.
import { GenerateDataKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import type { Aws } from "../command/aws-ports.ts";
import { type ClientSettings, calling, clientConfiguration } from "./client-settings.ts";

export type DataKeyPorts = Pick<Aws, "generateDataKey">;

/** Two AES-256 keys in one, as Session Manager splits it. */
const DATA_KEY_BYTES = 64;

/** The need that KMS meets. */
export function dataKeyPorts(settings: ClientSettings): DataKeyPorts {
  const client = new KMSClient(clientConfiguration(settings));
  settings.logCalls(client.middlewareStack);
  return {
    async generateDataKey(kmsKeyId, encryptionContext) {
      const { Plaintext, CiphertextBlob } = await calling("kms:GenerateDataKey", kmsKeyId, settings, () =>
        client.send(
          new GenerateDataKeyCommand({
            KeyId: kmsKeyId,
            NumberOfBytes: DATA_KEY_BYTES,
            EncryptionContext: { ...encryptionContext },
          }),
        ),
      );
      return { plaintext: Plaintext ?? new Uint8Array(), ciphertextBlob: CiphertextBlob ?? new Uint8Array() };
    },
  };
}
