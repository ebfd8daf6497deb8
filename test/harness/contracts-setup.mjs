// Before the contracts.
import { startSharedSandbox } from "./shared-sandbox.mjs";

export default () => startSharedSandbox("SHARED_SANDBOX_OF_CONTRACTS");
