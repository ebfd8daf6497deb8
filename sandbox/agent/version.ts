// Comparing the versions of clients, by which the agent decides what they understand.

/** Below, 0, above 0: whether the first version is older than, as old as, or newer than the second, number by number. */
export function compareVersions(one: string, other: string): number {
  const [ones, others] = [numbers(one), numbers(other)];
  for (let place = 0; place < Math.max(ones.length, others.length); place++) {
    const difference = (ones[place] ?? 0) - (others[place] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** What is no number counts as 0: a peer may send anything. */
function numbers(version: string): number[] {
  return version.split(".").map((part) => (/^\d{1,9}$/.test(part) ? Number(part) : 0));
}
