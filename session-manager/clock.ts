// Time, handed in: whoever waits or measures gets a Clock, so that a test can turn its hands.

/** A source of time and of waits. */
export interface Clock {
  /** Milliseconds since 1970 UTC. */
  now(): number;

  /**
   * Calls `action` once, `delayMs` from now.
   *
   * @returns a function that calls it off
   */
  schedule(delayMs: number, action: () => void): () => void;
}

/** The computer's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(delayMs, action) {
    const timer = setTimeout(action, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
};

/**
 * Resolves after `delayMs`, or rejects with the signal's reason as soon as it is aborted.
 *
 * @throws whatever `signal.reason` holds
 */
export function sleep(delayMs: number, clock: Clock, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason as Error);
    };
    const cancel = clock.schedule(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
