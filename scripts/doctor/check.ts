// One link of the chain between a person and a bastion, and what is found of it.

export type Finding =
  | { readonly verdict: "ok"; readonly evidence: string }
  /** `cure` is what to do, best as a command to paste. */
  | { readonly verdict: "broken"; readonly evidence: string; readonly cure: string }
  /** Works as far as it can be seen, or cannot be looked at. */
  | { readonly verdict: "unsure"; readonly evidence: string; readonly cure?: string };

export interface Check {
  /** Unique, and stable: scripts read it. */
  readonly name: string;
  readonly examine: () => Promise<Finding>;
}

/** A check's finding, or `not checked` because it depends on one that failed. */
export type CheckResult = { readonly name: string } & (
  Finding | { readonly verdict: "not checked"; readonly because: string }
);

/** All is well. */
export function ok(evidence: string): Finding {
  return { verdict: "ok", evidence };
}

/** The link is broken. */
export function broken(evidence: string, cure: string): Finding {
  return { verdict: "broken", evidence, cure };
}

/** It cannot be said, or is odd without being broken. */
export function unsure(evidence: string, cure?: string): Finding {
  return { verdict: "unsure", evidence, ...(cure === undefined ? {} : { cure }) };
}

/** Examines one after the other; behind a broken link nothing is examined, since all of it depends on that. */
export async function examineAll(
  checks: readonly Check[],
  explain: (error: unknown) => Finding,
  onResult: (result: CheckResult) => void,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  let brokenLink: string | undefined;
  for (const { name, examine } of checks) {
    const result: CheckResult =
      brokenLink === undefined
        ? { name, ...(await examine().catch(explain)) }
        : { name, verdict: "not checked", because: brokenLink };
    if (result.verdict === "broken") brokenLink = name;
    results.push(result);
    onResult(result);
  }
  return results;
}
