// What the app of the state bucket and the program that deploys it must agree on.
import type { AppPlan } from "../run-app.ts";

export const STATE_BUCKET_APP: Pick<AppPlan, "id" | "stateKey"> = {
  id: "state-bucket",
  // Not STATE_KEY or state_key: those name the bastion's state, and this stack would take it for its own.
  stateKey: ({ tag_application }) => `bastion/${tag_application}-state-bucket.tfstate`,
};
