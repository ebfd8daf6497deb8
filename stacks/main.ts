// The app: the bastion, and later what the settings switch on. `cdktf synth` and `cdktf deploy` run it.
import { dirname } from "node:path";
import { BastionStack } from "./bastion-stack.ts";
import { runApp } from "./run-app.ts";

process.exitCode = runApp(
  {
    id: "bastion",
    stateKey: (settings, environment) => environment["STATE_KEY"] ?? settings.state_key,
    define: (app, id, props) => new BastionStack(app, id, props),
  },
  {
    directory: dirname(import.meta.dirname),
    environment: process.env,
    complain: (text) => process.stderr.write(text),
  },
);
