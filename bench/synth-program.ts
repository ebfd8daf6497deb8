// The bastion's program, as `cdktf synth` runs it, with the settings of a folder that is named.
import { bastionApp } from "../stacks/apps.ts";
import { runApp } from "../stacks/run-app.ts";

const [, , directory = ""] = process.argv;
process.exitCode = runApp(bastionApp, {
  directory,
  environment: { STATE_BACKEND: "local" },
  complain: (text) => process.stderr.write(text),
  tell: (text) => process.stdout.write(text),
});
