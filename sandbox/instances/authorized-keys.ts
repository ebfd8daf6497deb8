// Which public keys EC2 Instance Connect has put on which instance, for whom, and until when.
import type { Clock } from "../../session-manager/clock.ts";

/** How long a key that was sent may be used for a login: 60 s, as EC2 Instance Connect documents it. */
export const AUTHORIZATION_LIFETIME_MS = 60_000;

/** Keys that one OS user of one instance may have at a time; the oldest gives way. */
const MAX_KEYS_PER_USER = 100;

/** One algorithm name, one base64 blob, an optional comment: no options, no second line. */
const PUBLIC_KEY = /^(ssh-ed25519|ssh-rsa) ([A-Za-z0-9+/]+={0,2})(?: [^\p{Cc}]*)?$/u;

/** EC2 Instance Connect's own pattern for `InstanceOSUser`. */
const OS_USER = /^[A-Za-z_][A-Za-z0-9@._-]{0,30}[A-Za-z0-9$_-]?$/;

export interface Authorization {
  readonly instanceId: string;
  readonly osUser: string;
  /** One line of an `authorized_keys` file; what follows the key (its comment) is not kept. */
  readonly publicKey: string;
}

export interface TimedKey {
  /** `<algorithm> <base64>`. */
  readonly publicKey: string;
  /** Milliseconds since 1970 UTC; from this moment on the key opens nothing. */
  readonly expiresAtMs: number;
}

/** The keys that may log in at this moment; each is for one OS user on one instance. */
export class AuthorizedKeys {
  readonly #clock: Clock;
  readonly #keys = new Map<string, TimedKey[]>();
  readonly #listeners = new Set<(authorization: Authorization) => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Admits the key for 60 s from now; sending it again starts the 60 s anew.
   *
   * @throws TypeError if the key is not one line `<algorithm> <base64>` of Ed25519 or RSA, or the OS user is not a name;
   *   whoever answers `SendSSHPublicKey` has said so to the caller before
   */
  authorize({ instanceId, osUser, publicKey }: Authorization): void {
    const key = normalized(publicKey);
    if (!OS_USER.test(osUser)) throw new TypeError("cannot authorize a key: the OS user is not a user name");
    const others = this.timed(instanceId, osUser).filter((other) => other.publicKey !== key);
    const newest = { publicKey: key, expiresAtMs: this.#clock.now() + AUTHORIZATION_LIFETIME_MS };
    this.#keys.set(account(instanceId, osUser), [...others, newest].slice(-MAX_KEYS_PER_USER));
    for (const listener of this.#listeners) listener({ instanceId, osUser, publicKey: key });
  }

  /** The keys, `<algorithm> <base64>`, that open this OS user's account on this instance now. */
  valid(instanceId: string, osUser: string): readonly string[] {
    return this.timed(instanceId, osUser).map((key) => key.publicKey);
  }

  /** The same keys, with the moment at which each ends; those that have ended are forgotten. */
  timed(instanceId: string, osUser: string): readonly TimedKey[] {
    const name = account(instanceId, osUser);
    const valid = (this.#keys.get(name) ?? []).filter((key) => this.#clock.now() < key.expiresAtMs);
    if (valid.length === 0) this.#keys.delete(name);
    else this.#keys.set(name, valid);
    return valid;
  }

  /** Calls `listener` after each `authorize`, before that returns. */
  onAuthorized(listener: (authorization: Authorization) => void): void {
    this.#listeners.add(listener);
  }
}

function normalized(publicKey: string): string {
  const [, algorithm, base64] = PUBLIC_KEY.exec(publicKey.trim()) ?? [];
  if (algorithm === undefined || base64 === undefined) {
    throw new TypeError("cannot authorize a key: it is not one line of an Ed25519 or RSA public key");
  }
  return `${algorithm} ${base64}`;
}

/** An instance id has no slash, so no two accounts share a name. */
function account(instanceId: string, osUser: string): string {
  return `${instanceId}/${osUser}`;
}
