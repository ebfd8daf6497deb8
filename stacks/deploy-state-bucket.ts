// `npm run state-bucket`: makes the bucket for Terraform's state and prints the lines to add to the settings.
import { runDeployment } from "./programs.ts";
import { deployStateBucket } from "./state/deploy-state-bucket.ts";

runDeployment("state-bucket", deployStateBucket);
