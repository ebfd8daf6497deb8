// A program: one more endpoint in front of the journeys' moto, in a process of its own, so that it can be killed.
// Standard output gets its URL.
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { startEndpoint } from "../../sandbox/sandbox.ts";
import { systemClock } from "../../session-manager/clock.ts";
import type { SharedSandbox } from "../harness/test-sandbox.ts";

const [parentDirectory = ""] = process.argv.slice(2);
const shared = JSON.parse(process.env["SHARED_SANDBOX_OF_JOURNEYS"] ?? "") as SharedSandbox;

void startEndpoint({
  moto: shared,
  credentials: shared.deployer,
  directory: mkdtempSync(join(parentDirectory, "endpoint-")),
  region: shared.region,
  clock: systemClock,
  sshServer: "ssh2",
}).then(({ url }) => process.stdout.write(`${url}\n`));
