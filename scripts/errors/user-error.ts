// The error that the person in front of the terminal can do something about.
import type { ExitCode } from "./exit-code.ts";

export interface UserErrorOptions {
  /** The next thing to do, best as a command to paste; several lines are several hints. */
  readonly hint: string;
  /** What the process ends with. */
  readonly exitCode: ExitCode;
  /** The error behind this one; shown by --debug. */
  readonly cause?: unknown;
}

/**
 * Something the person can act on: no stack is shown, a hint is.
 *
 * The message says what was tried, on which value, and what was met: lower case, no full stop, strings in double quotes.
 */
export class UserError extends Error {
  override readonly name: string = "UserError";
  readonly hint: string;
  readonly exitCode: ExitCode;

  constructor(message: string, options: UserErrorOptions) {
    super(message, { cause: options.cause });
    this.hint = options.hint;
    this.exitCode = options.exitCode;
  }

  /** The same error with one more hint. */
  withHint(hint: string): UserError {
    const { message, exitCode, cause, stack } = this;
    return Object.assign(new UserError(message, { hint: `${this.hint}\n${hint}`, exitCode, cause }), { stack });
  }
}
