// An error as an AWS service answers it.

/** What AWS says no with: its code, the status of the HTTP answer, and a message in AWS's own words. */
export class AwsError extends Error {
  override readonly name = "AwsError";
  readonly code: string;
  readonly httpStatus: number;

  constructor(code: string, message: string, httpStatus = 400) {
    super(message);
    this.code = code;
    this.httpStatus = httpStatus;
  }
}

/** A status that no SDK tries again. */
export const UNMODELLED_STATUS = 501;

/** The refusal of a call that the sandbox does not model, and on no account pretends to. */
export function unmodelled(what: string): AwsError {
  return new AwsError(
    "UnmodelledRequest",
    `${what} is not modelled by the sandbox: see docs/sandbox.md`,
    UNMODELLED_STATUS,
  );
}
