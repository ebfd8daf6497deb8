// The other app: the bucket for Terraform's state. `npm run state-bucket` deploys it.
import { dirname } from "node:path";
import { runApp } from "./run-app.ts";
import { StateBucketStack } from "./state-bucket-stack.ts";
import { STATE_BUCKET_APP } from "./state/state-bucket-app.ts";

process.exitCode = runApp(
  { ...STATE_BUCKET_APP, define: (app, id, props) => new StateBucketStack(app, id, props) },
  {
    directory: dirname(import.meta.dirname),
    environment: process.env,
    complain: (text) => process.stderr.write(text),
  },
);
