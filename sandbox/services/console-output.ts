// EC2's console output: what cloud-init prints at the end of a boot, so that a host key can be known beforehand.
import { createHash, randomUUID } from "node:crypto";
import type { Clock } from "../../session-manager/clock.ts";
import { AwsError } from "../endpoint/aws-error.ts";
import type { Call } from "../endpoint/call.ts";
import { escapeXml } from "../endpoint/wire-protocol.ts";
import type { Inventory } from "./inventory.ts";

export interface ConsoleOutputOptions {
  readonly inventory: Inventory;
  readonly clock: Clock;
  /** Each `<algorithm> <base64>`. */
  readonly hostPublicKeys: (instanceId: string) => Promise<string[]>;
}

const KINDS: Readonly<Record<string, string>> = { "ssh-ed25519": "256 ED25519", "ssh-rsa": "3072 RSA" };

/** @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetConsoleOutput.html */
export class ConsoleOutput {
  readonly #options: ConsoleOutputOptions;

  constructor(options: ConsoleOutputOptions) {
    this.#options = options;
  }

  /** @throws AwsError InvalidInstanceID.NotFound */
  async getConsoleOutput({ parameters }: Call): Promise<string> {
    const instanceId = parameters.get("InstanceId") ?? "";
    const instance = await this.#options.inventory.find(instanceId);
    if (instance === undefined)
      throw new AwsError("InvalidInstanceID.NotFound", `The instance ID '${instanceId}' does not exist`);
    const comment = `root@ip-${instance.privateIpAddress.replaceAll(".", "-")}`;
    const text = await this.#text(instanceId, comment);
    return `<GetConsoleOutputResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
      <requestId>${randomUUID()}</requestId>
      <instanceId>${escapeXml(instanceId)}</instanceId>
      <timestamp>${new Date(this.#options.clock.now()).toISOString()}</timestamp>
      <output>${Buffer.from(text).toString("base64")}</output>
    </GetConsoleOutputResponse>`;
  }

  async #text(instanceId: string, comment: string): Promise<string> {
    const keys = await this.#options.hostPublicKeys(instanceId);
    return [
      "-----BEGIN SSH HOST KEY FINGERPRINTS-----",
      ...keys.map((key) => fingerprint(key, comment)),
      "-----END SSH HOST KEY FINGERPRINTS-----",
      "-----BEGIN SSH HOST KEY KEYS-----",
      ...keys.map((key) => `${key} ${comment}`),
      "-----END SSH HOST KEY KEYS-----",
      "",
    ].join("\n");
  }
}

/** As `ssh-keygen -l` writes it. */
function fingerprint(publicKey: string, comment: string): string {
  const [algorithm = "", base64 = ""] = publicKey.split(" ");
  const digest = createHash("sha256").update(Buffer.from(base64, "base64")).digest("base64").replace(/=+$/, "");
  const [bits = "", kind = ""] = (KINDS[algorithm] ?? "").split(" ");
  return `${bits} SHA256:${digest} ${comment} (${kind})`;
}
