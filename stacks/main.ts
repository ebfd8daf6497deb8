// The bastion's program: `cdktf synth` and `cdktf deploy` run it.
import { dirname } from "node:path";
import { bastionApp } from "./apps.ts";
import { runApp } from "./run-app.ts";

process.exitCode = runApp(bastionApp, {
  directory: dirname(import.meta.dirname),
  environment: process.env,
  complain: (text) => process.stderr.write(text),
  // cdktf shows stdout as it is, and calls whatever stands on stderr an error.
  tell: (text) => process.stdout.write(text),
});
