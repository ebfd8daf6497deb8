// Ctrl-C, kill -9 and a sandbox that dies: what connect.ts ends with, and that nothing is left.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import type { RunningCommand } from "../harness/run-command.ts";
import { JOURNEY_LIMIT_MS, Journey } from "./connect-journey.ts";

const project = join(import.meta.dirname, "..", "..");
const launcher = join(project, "scripts", "launcher.mjs");
const endpointProgram = join(import.meta.dirname, "endpoint-process.ts");
const NAME = "journey-interrupted";
/** Says when it runs, and would run for longer than any test. */
const LONG = ["--", "echo running >&2; sleep 600"];

/** As the terminal does it: to everybody in the foreground. */
function pressCtrlC({ child }: RunningCommand): void {
  if (child.pid !== undefined) process.kill(-child.pid, "SIGINT");
}

describe("connect.ts, interrupted", () => {
  let sandbox: TestSandbox;
  let journey: Journey;
  beforeAll(async () => {
    sandbox = await openTestSandbox();
    await sandbox.cloneBastion(NAME);
  }, OPEN_LIMIT_MS);
  afterAll(async () => {
    await sandbox.close();
    assert.deepEqual(sandbox.faultsMet, []);
  });
  beforeEach(() => {
    journey = new Journey(sandbox);
  });
  afterEach(() => {
    journey.leave();
  });

  it.each([0, 40, 80, 120, 160, 200, 240, 280, 320, 400])(
    "leaves nothing when Ctrl-C comes %d ms after the start",
    async (delayMs) => {
      const command = journey.start([NAME, ...LONG]);
      await once(command.child, "spawn");
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      pressCtrlC(command);
      const { status, signal } = await command.outcome;
      // Before Node has read our first line, the signal itself ends it.
      expect(status ?? signal).toEqual(status === undefined ? "SIGINT" : 130);
      await journey.expectNothingLeft();
    },
    JOURNEY_LIMIT_MS,
  );

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)(
    "ends with the status of %s in the middle of a remote command, and leaves nothing",
    async (signal, status) => {
      const command = journey.start([NAME, ...LONG]);
      await command.stderrMatches(/^running/m);
      command.child.kill(signal);
      expect(await command.outcome).toMatchObject({ status });
      await journey.expectNothingLeft();
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "after kill -9, the next start sweeps the key, the socket and the session",
    async () => {
      const command = journey.start([NAME, ...LONG]);
      await command.stderrMatches(/^running/m);
      expect(journey.openSessions()).toHaveLength(1);
      command.child.kill("SIGKILL");
      await command.outcome;
      expect(readdirSync(journey.person.temporaryDirectory, { recursive: true })).not.toEqual([]);
      expect(await journey.connect([NAME, "--", "exit", "3"])).toMatchObject({ status: 3 });
      await journey.expectNothingLeft();
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "says that the session has ended, with ssh's own status, when an administrator ends it",
    async () => {
      const command = journey.start([NAME, ...LONG]);
      await command.stderrMatches(/^running/m);
      for (const sessionId of journey.openSessions()) sandbox.endpoint.sessions.end(sessionId, "ended by Ada");
      const { status, stderr } = await command.outcome;
      expect(status).toBe(255);
      expect(stderr).toMatch(/^connect: warning: the session has ended: .*ended by Ada/m);
      await journey.expectNothingLeft();
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "ends by itself, and says so, when the sandbox is killed in the middle of a session",
    async () => {
      const endpoint = spawn(process.execPath, [launcher, endpointProgram, journey.person.home], {
        stdio: ["ignore", "pipe", "ignore"],
      });
      const [url] = (await once(endpoint.stdout.setEncoding("utf8"), "data")) as [string];
      const environment = { AWS_ENDPOINT_URL: url.trim() };
      // What runs there must end by itself when nobody is left to end it.
      const command = journey.start([NAME, "--", "echo running >&2; cat"], { environment });
      await command.stderrMatches(/^running/m);
      endpoint.kill("SIGKILL");
      const { status, stderr } = await command.outcome;
      expect(status).toBe(255);
      expect(stderr).toMatch(/^connect: warning: the session has ended: /m);
      expect(stderr).toMatch(/^connect: warning: .* run the command again for a new session$/m);
      await journey.expectNothingLeft();
    },
    JOURNEY_LIMIT_MS,
  );
});
