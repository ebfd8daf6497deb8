// Since when: `24h`, `30m`, `7d`, or a day or moment such as 2026-11-27 or 2026-11-27T08:00Z.
import { usageError } from "../command/command-line.ts";
import { quoted } from "../errors/printable.ts";

/** A moment, or how long before now. */
export type Since = { readonly atMs: number } | { readonly beforeMs: number };

const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** CloudTrail's event history goes no further back. */
const KEPT_DAYS = 90;
const LENGTH = /^(?<count>\d{1,6})(?<unit>[mhd])$/;
const MOMENT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/;

/** @throws UserError (64) */
export function parseSince(text: string): Since {
  const { count, unit } = LENGTH.exec(text)?.groups ?? {};
  if (unit !== undefined) return { beforeMs: Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS] };
  const atMs = MOMENT.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(atMs))
    throw usageError(
      `cannot use --since ${quoted(text)}: it is no length of time and no day`,
      "write --since 24h, 30m, 7d, 2026-11-27 or 2026-11-27T08:00Z",
    );
  return { atMs };
}

/**
 * The moment, in ms since 1970.
 *
 * @throws UserError (64) for a moment to come, or one that CloudTrail has forgotten
 */
export function momentOf(since: Since, nowMs: number): number {
  const atMs = "atMs" in since ? since.atMs : nowMs - since.beforeMs;
  const shown = new Date(atMs).toISOString();
  if (atMs > nowMs) throw usageError(`cannot look since "${shown}": that is still to come`, "write --since 24h");
  if (nowMs - atMs > KEPT_DAYS * UNITS_MS.d)
    throw usageError(
      `cannot look since "${shown}": CloudTrail's event history keeps ${KEPT_DAYS} days`,
      `write --since ${KEPT_DAYS}d; what is older stands in the files of a trail, if the account has one`,
    );
  return atMs;
}
