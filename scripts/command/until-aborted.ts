// Waits that an AbortSignal ends, whatever they wait for.

/**
 * What `work` comes to, unless the signal comes first; then its reason is thrown, and `work` goes on unheard.
 *
 * @throws whatever `work` rejects with, or `signal.reason`
 */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
