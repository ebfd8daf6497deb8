// A security group lacks a rule, and the error names it.
import { UserError } from "./user-error.ts";

/** What is missing is known, and so is its cure: nobody needs to look further. */
export class MissingRuleError extends UserError {
  override readonly name = "MissingRuleError";
}
