// The state bucket's program: `npm run state-bucket` has cdktf run it.
import { dirname } from "node:path";
import { stateBucketApp } from "./apps.ts";
import { runApp } from "./run-app.ts";

process.exitCode = runApp(stateBucketApp, {
  directory: dirname(import.meta.dirname),
  environment: process.env,
  complain: (text) => process.stderr.write(text),
  // cdktf shows stdout as it is, and calls whatever stands on stderr an error.
  tell: (text) => process.stdout.write(text),
});
