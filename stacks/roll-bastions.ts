// `npm run roll`: replaces each bastion by one of the newest image, one after the other.
import { runDeployment } from "./programs.ts";
import { rollBastions } from "./roll/roll-bastions.ts";

runDeployment("roll", rollBastions);
