// What an earlier run has left: the parts that are the same on both sides, told by their SHA-256, need not travel.
import type { FileHandle } from "node:fs/promises";
import { digestPart } from "./local-files.ts";
import type { Part } from "./parts.ts";
import { type ScriptRunner, digestRemoteParts } from "./remote-files.ts";

export interface Comparison {
  readonly file: FileHandle;
  /** The file's path on the bastion. */
  readonly path: string;
  readonly parts: readonly Part[];
  /** How many bytes the side that is written to had before. */
  readonly hadBytes: number;
}

/** The parts that differ, or are not there yet. */
export async function partsToCopy(
  { file, path, parts, hadBytes }: Comparison,
  lane: ScriptRunner,
): Promise<readonly Part[]> {
  const candidates = parts.filter(({ offset, length }) => offset + length <= hadBytes);
  if (candidates.length === 0) return parts;
  const same = new Set<Part>();
  const digests = await digestRemoteParts(lane, path, candidates);
  for (const [index, part] of candidates.entries()) {
    if ((await digestPart(file, part)) === digests[index]) same.add(part);
  }
  return parts.filter((part) => !same.has(part));
}

/** How many bytes they are. */
export function bytesOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}
