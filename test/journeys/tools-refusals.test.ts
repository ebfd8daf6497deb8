// Each tool that logs in by ssh, as a user with just the actions of docs/permissions.md, and with each of them taken away.
import { readFileSync } from "node:fs";
import assert from "node:assert/strict";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { Credentials } from "../../sandbox/sandbox.ts";
import type { CommandOutcome } from "../harness/run-command.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { JOURNEY_LIMIT_MS, Journey } from "./connect-journey.ts";

const NAME = "journey-tools-refusals";
const project = join(import.meta.dirname, "..", "..");

/** The first table of the manual's `connect`: what nobody can do without. */
const needed = [
  ...(/^## connect\n.*?^Without one of these/ms
    .exec(readFileSync(join(project, "docs", "permissions.md"), "utf8"))?.[0]
    .matchAll(/^\| `([^`]+)` /gm) ?? []),
].map(([, action = ""]) => action);

/** By the command that refuses. `scp` and `ssh` go through proxy.ts, whose errors ssh shows. */
const tools = [
  { program: "sftp.ts", speaker: "sftp", words: [NAME, "--", "-q", "-b", "-"], refused: 77 },
  { program: "copy.ts", speaker: "copy", words: ["--sessions", "2", `${NAME}:/etc/hosts`, "copied"], refused: 77 },
  { program: "ssh", speaker: "proxy", words: ["-F", "configuration", NAME, "true"], refused: 255 },
  { program: "scp", speaker: "proxy", words: ["-q", "-F", "configuration", `${NAME}:/etc/hosts`, "got"], refused: 255 },
] as const;

describe("the tools around ssh", () => {
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
  afterEach(async () => {
    try {
      await journey.expectNothingLeft();
    } finally {
      journey.leave();
    }
  });

  function userWith(name: string, Action: readonly string[]): Promise<Credentials> {
    return sandbox.createUser(`tools-${name}`, [{ Effect: "Allow", Action, Resource: "*" }]);
  }

  function run(program: string, words: readonly string[], credentials: Credentials): Promise<CommandOutcome> {
    const path = program.endsWith(".ts") ? join(project, "scripts", program) : program;
    return journey.person.run(path, words, { environment: journey.environment(credentials), input: "pwd\n" });
  }

  /** All four, beside each other: they mostly wait. */
  async function runAll(credentials: Credentials): Promise<CommandOutcome[]> {
    const words = [NAME, "--write", "--quiet", "--file", "configuration"];
    assert.equal((await run("ssh-config.ts", words, credentials)).status, 0);
    return Promise.all(tools.map((tool) => run(tool.program, tool.words, credentials)));
  }

  it(
    "work with just the actions that the manual lists",
    async () => {
      expect(needed).toHaveLength(4);
      const outcomes = await runAll(await userWith("modest", needed));
      expect(outcomes.map(({ status, stderr }) => [status, stderr.includes("error")])).toEqual(
        tools.map(() => [0, false]),
      );
      const original = readFileSync("/etc/hosts", "utf8");
      expect(readFileSync(join(journey.person.home, "copied"), "utf8")).toBe(original);
      expect(readFileSync(join(journey.person.home, "got"), "utf8")).toBe(original);
    },
    JOURNEY_LIMIT_MS,
  );

  it.each(needed)(
    "name %s, and leave nothing, when it is taken away",
    async (action) => {
      // The last is optional; without it nobody can end a session that has been started and could not be opened.
      const others = [...needed.filter((each) => each !== action), "ssm:TerminateSession"];
      const outcomes = await runAll(await userWith(action.replace(":", "-"), others));
      for (const [index, { speaker, refused, program }] of tools.entries()) {
        const { status, stderr } = outcomes[index] ?? assert.fail(program);
        expect([program, status]).toEqual([program, refused]);
        expect(stderr).toMatch(new RegExp(`^${speaker}: error: .*${action}`, "m"));
        expect(stderr).toContain(
          `${speaker}: hint: ask for the permission ${action}; docs/permissions.md has the policy`,
        );
      }
    },
    JOURNEY_LIMIT_MS,
  );
});
