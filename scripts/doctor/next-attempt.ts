// Predicts when an SSM Agent that could not register tries again.

const MINUTE_MS = 60_000;
/** From the launch until the agent's first attempt; boots differ. */
const BOOT_MS = { earliest: 0, latest: 2 * MINUTE_MS };
/** Pauses between its attempts: 5 minutes, 10 more, and so on, doubled up to an hour. */
const FIRST_PAUSE_MS = 5 * MINUTE_MS;
const LONGEST_PAUSE_MS = 60 * MINUTE_MS;

/** From now, in ms. */
export interface Range {
  readonly earliestMs: number;
  readonly latestMs: number;
}

/**
 * When the next attempt comes, if none has succeeded since the launch and nobody has rebooted the instance.
 *
 * @param ageMs - time since the launch
 * @see amazon-ssm-agent: its health check pings after 5 minutes, then backs off
 */
export function nextAttempt(ageMs: number): Range {
  let attemptMs = 0;
  for (let pauseMs = FIRST_PAUSE_MS; attemptMs + BOOT_MS.latest < ageMs;) {
    attemptMs += pauseMs;
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
  return {
    earliestMs: Math.max(0, attemptMs + BOOT_MS.earliest - ageMs),
    latestMs: Math.max(0, attemptMs + BOOT_MS.latest - ageMs),
  };
}

/** `in 3 to 5 min`. */
export function describeRange({ earliestMs, latestMs }: Range): string {
  const [earliest, latest] = [Math.floor(earliestMs / MINUTE_MS), Math.ceil(latestMs / MINUTE_MS)];
  return earliest === latest ? `in ${latest} min` : `in ${earliest} to ${latest} min`;
}
