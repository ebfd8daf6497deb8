// Before the journeys.
import { startSharedSandbox } from "./shared-sandbox.mjs";

export default () => startSharedSandbox("SHARED_SANDBOX_OF_JOURNEYS", "--deploy");
