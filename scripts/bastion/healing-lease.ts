// A lease on healing an instance, kept as one of its tags, so that two commands reboot it once.
import { randomBytes } from "node:crypto";
import { type Clock, sleep } from "../../session-manager/clock.ts";
import type { Aws } from "../command/aws-ports.ts";
import type { Reporter } from "../command/reporter.ts";

/** Each lease is a tag of its own: this, and its token. The stack leaves tags alone that begin so. */
export const LEASE_TAG_PREFIX = "isolated-bastion:healing:";

export interface LeaseNeeds {
  readonly aws: Pick<Aws, "readTags" | "addTag" | "removeTag">;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly reporter: Pick<Reporter, "debug">;
}

/** Within that time a tag that was written can be read by everybody, as far as one knows. */
const SETTLE_MS = 3_000;

/**
 * Best effort, since tags cannot be written on a condition: whoever finds no lease writes one, waits, and reads again; of
 * those who did so at once the lowest token wins. Without the permission to tag, everybody has the lease.
 */
export class HealingLease {
  readonly #instanceId: string;
  readonly #needs: LeaseNeeds;
  readonly #tag = `${LEASE_TAG_PREFIX}${randomBytes(8).toString("hex")}`;

  constructor(instanceId: string, needs: LeaseNeeds) {
    this.#instanceId = instanceId;
    this.#needs = needs;
  }

  /** Whether it is ours, for so long: that of a command that is killed must not stay for ever. */
  async take(durationMs: number): Promise<boolean> {
    const { aws, clock, signal, reporter } = this.#needs;
    try {
      if ((await this.#leases()).length > 0) return false;
      await aws.addTag(this.#instanceId, this.#tag, String(clock.now() + durationMs));
    } catch (error) {
      reporter.debug(`cannot take a lease: ${String(error)}`);
      return true;
    }
    await sleep(SETTLE_MS, clock, signal).catch((error: unknown) =>
      this.giveBack().then(() => Promise.reject(error as Error)),
    );
    const [lowest] = (await this.#leases()).sort();
    if (lowest === undefined || lowest === this.#tag) return true;
    await this.giveBack();
    return false;
  }

  /** Never rejects. */
  async giveBack(): Promise<void> {
    await this.#needs.aws.removeTag(this.#instanceId, this.#tag).catch(() => undefined);
  }

  /** Those in force; expired ones are taken away on the occasion. */
  async #leases(): Promise<string[]> {
    const { aws, clock } = this.#needs;
    const tags = Object.entries(await aws.readTags(this.#instanceId)).filter(([tag]) =>
      tag.startsWith(LEASE_TAG_PREFIX),
    );
    const isExpired = ([, until]: [string, string]): boolean => !(Number(until) > clock.now());
    const expired = tags.filter(isExpired).map(([tag]) => aws.removeTag(this.#instanceId, tag).catch(() => undefined));
    await Promise.all(expired);
    return tags.filter((tag) => !isExpired(tag)).map(([tag]) => tag);
  }
}
