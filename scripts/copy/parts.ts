// The parts in which a file travels, and handing them out to lanes.
import { LaneLostError, type ScriptRunner } from "./remote-files.ts";

export interface Part {
  /** In bytes, from the file's beginning. */
  readonly offset: number;
  readonly length: number;
}

/** A paced session takes four seconds for it, so that all end at about the same time. */
const LARGEST_PART_BYTES = 4 * 1024 * 1024;
/** To ask for one costs a round trip. */
const SMALLEST_PART_BYTES = 256 * 1024;

/** How long parts should be where so many bytes travel: several for each lane, if they are enough for that. */
export function partLength(bytes: number, lanes: number): number {
  const wanted = Math.ceil(bytes / (lanes * 2));
  return Math.min(LARGEST_PART_BYTES, Math.max(SMALLEST_PART_BYTES, wanted));
}

/** The file in parts of that length. */
export function planParts(size: number, length: number): Part[] {
  const count = Math.ceil(size / length);
  return Array.from({ length: count }, (_, index) => {
    const offset = index * length;
    return { offset, length: Math.min(length, size - offset) };
  });
}

/**
 * Does the work for each item, one at a time on each lane.
 *
 * A lane that is lost leaves its item to the others.
 *
 * @throws the first error of the work; the last lane's LaneLostError
 */
export async function overLanes<Runner extends ScriptRunner, Item>(
  lanes: readonly Runner[],
  items: readonly Item[],
  work: (item: Item, lane: Runner) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  let failure: { readonly error: unknown } | undefined;
  const serve = async (lane: Runner): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined && failure === undefined; item = waiting.shift()) {
      try {
        await work(item, lane);
      } catch (error) {
        if (!(error instanceof LaneLostError)) failure ??= { error };
        waiting.unshift(item);
        return;
      }
    }
  };
  do {
    const usable = lanes.filter(({ isLost }) => !isLost);
    if (usable.length === 0) throw new LaneLostError("all sessions have ended");
    await Promise.all(usable.map(serve)); // one that is lost last leaves its item when the others are done
    if (failure !== undefined) throw failure.error;
  } while (waiting.length > 0);
}
