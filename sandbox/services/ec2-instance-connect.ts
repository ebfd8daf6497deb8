// EC2 Instance Connect: puts a public key on an instance for one OS user, for 60 s.
import { randomUUID } from "node:crypto";
import type { AuthorizedKeys } from "../instances/authorized-keys.ts";
import { AwsError } from "../endpoint/aws-error.ts";
import type { Call } from "../endpoint/call.ts";
import type { Inventory } from "./inventory.ts";

export interface Ec2InstanceConnectOptions {
  readonly inventory: Inventory;
  readonly authorizedKeys: AuthorizedKeys;
}

/** The service's own limits and patterns; lengths are of characters. */
const INSTANCE_ID = /^i-[a-f0-9]{8,30}$/;
const OS_USER = /^[A-Za-z_][A-Za-z0-9@._-]{0,30}[A-Za-z0-9$_-]?$/;
const PUBLIC_KEY_LENGTH = { min: 80, max: 4_096 };
const KEY_TYPES = ["ssh-ed25519", "ssh-rsa"];

/** @see https://docs.aws.amazon.com/ec2-instance-connect/latest/APIReference/API_SendSSHPublicKey.html */
export class Ec2InstanceConnect {
  readonly #inventory: Inventory;
  readonly #authorizedKeys: AuthorizedKeys;

  constructor({ inventory, authorizedKeys }: Ec2InstanceConnectOptions) {
    this.#inventory = inventory;
    this.#authorizedKeys = authorizedKeys;
  }

  /** @throws AwsError InvalidArgsException, EC2InstanceNotFoundException, EC2InstanceStateInvalidException */
  async sendSshPublicKey({ input }: Call): Promise<object> {
    const instanceId = checked("instanceId", input["InstanceId"], (value) => INSTANCE_ID.test(value));
    const osUser = checked("instanceOSUser", input["InstanceOSUser"], (value) => OS_USER.test(value));
    const publicKey = checked("sSHPublicKey", input["SSHPublicKey"], isPublicKey);
    const instance = await this.#inventory.find(instanceId);
    const zone = input["AvailabilityZone"];
    if (instance === undefined || (typeof zone === "string" && zone !== instance.availabilityZone))
      throw new AwsError("EC2InstanceNotFoundException", `${instanceId} not found`, 404);
    if (instance.state !== "running") {
      throw new AwsError(
        "EC2InstanceStateInvalidException",
        "Unable to connect because the instance is not in a valid state. " +
          "Connecting to a stopped or terminated instance is not supported.",
      );
    }
    this.#authorizedKeys.authorize({ instanceId, osUser, publicKey: publicKey.trim() });
    return { RequestId: randomUUID(), Success: true };
  }
}

function checked(name: string, value: unknown, isValid: (value: string) => boolean): string {
  if (typeof value === "string" && isValid(value)) return value;
  throw new AwsError("InvalidArgsException", `One of the parameters is not valid: ${name}`);
}

/** The type is written twice, before the key and inside it; both must agree and be one that the service takes. */
function isPublicKey(line: string): boolean {
  const { min, max } = PUBLIC_KEY_LENGTH;
  const [type = "", base64 = ""] = line.trim().split(" ");
  if (line.length < min || line.length > max || !KEY_TYPES.includes(type)) return false;
  if (/[\r\n]/.test(line.trim())) return false;
  const blob = Buffer.from(base64, "base64");
  const inside = blob.length < 4 ? "" : blob.subarray(4, 4 + blob.readUInt32BE(0)).toString("latin1");
  return inside === type && blob.toString("base64").replace(/=+$/, "") === base64.replace(/=+$/, "");
}
