// What the manual prints of shell.ts is what works, for a user with the policy that it prints.
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { Credentials } from "../../sandbox/sandbox.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { JOURNEY_LIMIT_MS } from "./connect-journey.ts";
import { ShellJourney } from "./shell-journey.ts";

const project = join(import.meta.dirname, "..", "..");
const NAME = "sandbox-dev-bastion-host";

/** The fenced blocks of one language in the section on shell.ts. */
function blocks(document: string, language: string): string[] {
  const text = readFileSync(join(project, document), "utf8");
  const section = text.slice(text.indexOf("\n## shell\n"));
  const end = section.indexOf("\n## ", 1);
  const fence = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms");
  return [...section.slice(0, end).matchAll(fence)].map(([, block = ""]) => block);
}

const commands = blocks("docs/commands.md", "sh").flatMap((block) => block.trim().split("\n"));

describe("the manual of shell.ts", () => {
  let sandbox: TestSandbox;
  let journey: ShellJourney;
  let credentials: Credentials;

  beforeAll(async () => {
    sandbox = await openTestSandbox();
    const [policy = ""] = blocks("docs/permissions.md", "json");
    const filled = policy.replaceAll("REGION", sandbox.shared.region).replaceAll("ACCOUNT_ID", "123456789012");
    const { Statement } = JSON.parse(filled) as { readonly Statement: object[] };
    credentials = await sandbox.createUser("reader-of-shell", Statement);
    const [instanceId = ""] = sandbox.shared.deployment?.instanceIds ?? [];
    while (!(await sandbox.endpoint.nodes.connection(instanceId)).connected) await new Promise(setImmediate);
  }, OPEN_LIMIT_MS);

  afterAll(() => sandbox.close());

  beforeEach(() => {
    journey = new ShellJourney(sandbox);
    symlinkSync(join(project, "scripts"), join(journey.person.home, "scripts"));
  });

  afterEach(async () => {
    try {
      await journey.expectNothingLeft();
    } finally {
      journey.leave();
    }
  });

  it("has commands to run", () => {
    expect(commands.length).toBeGreaterThanOrEqual(5);
  });

  it.each(commands)(
    "runs as printed: %s",
    async (command) => {
      const outcome = await journey.person.run("bash", ["-c", command], {
        environment: journey.environment(credentials),
        workingDirectory: journey.person.home,
      });
      expect(outcome).toMatchObject({ status: 0, stderr: "" });
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "gives its policy's user no session but those",
    async () => {
      const { status, stderr } = await journey.connect([NAME, "--", "true"], { credentials });
      expect(status).toBe(77);
      expect(stderr).toContain("cannot call ");
    },
    JOURNEY_LIMIT_MS,
  );

  it("prints in --help what it does, with examples, and nothing on stderr", async () => {
    const { status, stdout, stderr } = await journey.shell(["--help"]);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("shell.ts sandbox-dev-bastion-host -- uname -a");
  });
});
