// The instance that is examined, looked up once.
import type { Instance } from "../command/aws-ports.ts";

/** Checks ask for it one after the other; only the first one waits. */
export class Patient {
  readonly #find: () => Promise<Instance>;
  #found: Promise<Instance> | undefined;

  constructor(find: () => Promise<Instance>) {
    this.#find = find;
  }

  /** @throws UserError when there is no such instance */
  instance(): Promise<Instance> {
    this.#found ??= this.#find();
    return this.#found;
  }
}
