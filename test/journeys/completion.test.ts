// Names that commands have met in the sandbox are offered at Tab, when there is no AWS to ask any more.
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { join } from "node:path";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { JOURNEY_LIMIT_MS } from "./connect-journey.ts";
import { TunnelJourney } from "./tunnel-journey.ts";

const scripts = join(import.meta.dirname, "..", "..", "scripts");
const NAME = "quay bastion; touch pwned";

describe("completion.ts", () => {
  let sandbox: TestSandbox;
  let journey: TunnelJourney;
  beforeAll(async () => {
    sandbox = await openTestSandbox();
    journey = new TunnelJourney(sandbox);
    await sandbox.cloneBastion(NAME);
  }, OPEN_LIMIT_MS);
  afterAll(async () => {
    journey.leave();
    await sandbox.close();
  });

  async function offered(...words: string[]): Promise<string[]> {
    // Not even an address to ask at, nor a Region or credentials.
    const { stdout, stderr } = await journey.person.run(join(scripts, "completion.ts"), ["--", ...words]);
    expect(stderr).toBe("");
    return stdout.split("\n").slice(0, -1);
  }

  it(
    "offers the bastion of the settings at once, and others as soon as a command has met them",
    async () => {
      expect(await offered("connect.ts", "")).toEqual(["sandbox-dev-bastion-host"]);
      const environment = journey.environment();
      const words = [NAME, "--", "true"];
      expect(await journey.person.run(join(scripts, "connect.ts"), words, { environment })).toMatchObject({
        status: 0,
      });
      expect(await offered("shell.ts", "quay")).toEqual([NAME]);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "offers the databases that a tunnel has looked for",
    async () => {
      const { identifier } = await journey.createDatabase("completed");
      await journey.run(["--rds", "nothing-like-it"]);
      expect(await offered("tunnel.ts", "--rds", "compl")).toEqual([identifier]);
    },
    JOURNEY_LIMIT_MS,
  );
});
