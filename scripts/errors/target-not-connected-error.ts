// The one refusal of AWS that our commands can heal, and therefore catch by its type.
import { UserError } from "./user-error.ts";

/**
 * StartSession answered TargetNotConnected: the instance's SSM Agent holds no connection.
 *
 * AWS gives the same answer for a wrong account or Region, so heal only an instance that EC2 has just shown running.
 */
export class TargetNotConnectedError extends UserError {
  override readonly name = "TargetNotConnectedError";
}
