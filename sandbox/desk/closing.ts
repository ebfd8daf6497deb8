// What must be ended when the sandbox ends, in the order opposite to that in which it began.

/** Ends one thing; may be slow. */
type Close = () => Promise<void> | void;

/** Collects what is to be ended, and ends all of it even when some of it refuses. */
export class Closing {
  readonly #closes: Close[] = [];

  /** What begins last ends first. */
  add(close: Close): void {
    this.#closes.push(close);
  }

  /** @throws AggregateError of what refused, after everything was tried */
  async run(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closes.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, "cannot end all that the sandbox started");
  }
}
