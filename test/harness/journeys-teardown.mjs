// After the journeys.
import { stopSharedSandbox } from "./shared-sandbox.mjs";

export default () => stopSharedSandbox("SHARED_SANDBOX_OF_JOURNEYS");
