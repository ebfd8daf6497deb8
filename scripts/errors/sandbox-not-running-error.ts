// Nothing answers where the sandbox should be.
import { UserError } from "./user-error.ts";

/** A call to an AWS_ENDPOINT_URL of this computer was refused; whoever waits for a sandbox's session may stop waiting. */
export class SandboxNotRunningError extends UserError {
  override readonly name = "SandboxNotRunningError";
}
