// How the agent comes by the key of an encrypted session: KMS's Decrypt, as its role and its network allow it.
import type { EC2Client } from "@aws-sdk/client-ec2";
import type { IAMClient } from "@aws-sdk/client-iam";
import type { Clock } from "../../session-manager/clock.ts";
import { ProtocolError } from "../../session-manager/protocol-error.ts";
import { AwsError } from "../endpoint/aws-error.ts";
import { decideByPolicies } from "../permissions/decide.ts";
import { explainWayToKms } from "../registration/explain-registration.ts";
import { readFacts } from "../registration/read-facts.ts";
import type { KmsKeys } from "./kms-keys.ts";
import type { Session } from "./sessions.ts";
import type { PreferredEncryption } from "./ssm-messages.ts";

export interface SessionKeysOptions {
  readonly ec2: EC2Client;
  readonly iam: IAMClient;
  readonly keys: KmsKeys;
  readonly clock: Clock;
  readonly region: string;
  /** Account id. */
  readonly account: string;
}

type EncryptionContext = Readonly<Record<string, string>>;

/** Decrypts data keys in the place of the agents. */
export class SessionKeys {
  readonly #options: SessionKeysOptions;

  constructor(options: SessionKeysOptions) {
    this.#options = options;
  }

  /** How this session is encrypted; undefined for one in clear. */
  encryptionOf({ target, kmsKeyId }: Session): PreferredEncryption | undefined {
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
    const { keys } = this.#options;
    try {
      const key = await keys.find(kmsKeyId);
      const wayFault = await explainWayToKms({ ...this.#options, instanceId }, key.keyArn);
      if (wayFault !== undefined) throw new AwsError("RequestError", `send request failed: ${wayFault}`);
      await this.#checkRole(instanceId, { action: "kms:Decrypt", key, encryptionContext: context });
      return await keys.decrypt(kmsKeyId, ciphertext, context);
    } catch (error) {
      if (error instanceof AwsError) throw refusal(error);
      throw error;
    }
  }

  /** @throws AwsError AccessDeniedException */
  async #checkRole(instanceId: string, call: Parameters<typeof decideByPolicies>[0]["call"]): Promise<void> {
    const { clock, region, account } = this.#options;
    const { role } = await readFacts({ ...this.#options, instanceId });
    if (role === undefined) throw new AwsError("AccessDeniedException", "the instance has no role");
    const name = role.arn.split("/").at(-1) ?? "";
    const caller = {
      type: "AssumedRole",
      name,
      arn: `arn:aws:sts::${account}:assumed-role/${name}/${instanceId}`,
      userId: `${role.uniqueId}:${instanceId}`,
    } as const;
    const decision = await decideByPolicies({ principal: role, caller, call, region, nowMs: clock.now() });
    if (!decision.allowed) throw new AwsError("AccessDeniedException", decision.explanation);
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
