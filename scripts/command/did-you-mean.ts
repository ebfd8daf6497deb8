// Finds what a person may have meant by a word that fits nothing.
import { distance } from "fastest-levenshtein";

/** How much of a word may be wrong before a suggestion is noise. */
const LARGEST_PART_WRONG = 0.4;

/** The candidates nearest to `word`, nearest first, at most three; none when all are far from it. */
export function nearest(word: string, candidates: readonly string[]): string[] {
  const wanted = word.toLowerCase();
  return [...new Set(candidates)]
    .map((candidate) => ({ candidate, edits: editsOrFragment(wanted, candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= LARGEST_PART_WRONG * Math.max(wanted.length, candidate.length))
    .sort((a, b) => a.edits - b.edits)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** A piece of a long name is a good guess, however many letters are missing. */
function editsOrFragment(wanted: string, candidate: string): number {
  const isFragment = wanted.length >= 3 && candidate.includes(wanted);
  return isFragment ? 1 : distance(wanted, candidate);
}
