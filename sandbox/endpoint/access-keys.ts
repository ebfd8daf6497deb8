// The access keys that the endpoint knows: the deployer's, and whatever moto has issued.
import { SECRET_HEADER, type MotoAddress } from "../moto/moto.ts";

/** Who an access key belongs to. */
export interface Caller {
  readonly type: "User" | "AssumedRole";
  /** Of the user, or of the role. */
  readonly name: string;
  readonly arn: string;
  /** `aws:userid` */
  readonly userId: string;
  /** May do everything, as the person who runs the sandbox. */
  readonly isDeployer: boolean;
}

export interface AccessKey {
  readonly secretAccessKey: string;
  readonly caller: Caller;
  /** Only of temporary credentials. */
  readonly sessionToken?: string;
  /** Milliseconds since 1970 UTC; only of temporary credentials. */
  readonly expirationMs?: number;
}

/** What serve.py tells of a key. */
interface MotoAccessKey extends Omit<AccessKey, "caller"> {
  readonly isActive: boolean;
  readonly principal: Omit<Caller, "isDeployer">;
}

/** IAM's own pattern, without the length; nothing else may become a header. */
const ACCESS_KEY_ID = /^\w{1,128}$/;

/** Finds access keys by their id. moto is asked each time, so a key that is deleted or deactivated is void at once. */
export class AccessKeys {
  readonly #moto: MotoAddress;
  readonly #deployerAccessKeyId: string;
  #deployer: Promise<AccessKey | undefined> | undefined;

  constructor(moto: MotoAddress, deployerAccessKeyId: string) {
    this.#moto = moto;
    this.#deployerAccessKeyId = deployerAccessKeyId;
  }

  /** The key, if there is one and it is active. */
  find(accessKeyId: string): Promise<AccessKey | undefined> {
    if (accessKeyId !== this.#deployerAccessKeyId) return this.#ask(accessKeyId);
    this.#deployer ??= this.#ask(accessKeyId); // most calls are the deployer's, and its key stays
    return this.#deployer;
  }

  async #ask(accessKeyId: string): Promise<AccessKey | undefined> {
    if (!ACCESS_KEY_ID.test(accessKeyId)) return undefined;
    const headers = { [SECRET_HEADER]: this.#moto.secret, "x-sandbox-access-key": accessKeyId };
    const response = await fetch(this.#moto.url, { headers });
    if (!response.ok) return undefined;
    const { isActive, principal, ...key } = (await response.json()) as MotoAccessKey;
    if (!isActive) return undefined;
    return { ...key, caller: { ...principal, isDeployer: accessKeyId === this.#deployerAccessKeyId } };
  }
}
