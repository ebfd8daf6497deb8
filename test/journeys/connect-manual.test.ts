// What the manual prints is what works: each command of docs/commands.md is run, and the policy of docs/permissions.md.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { TerminateInstancesCommand } from "@aws-sdk/client-ec2";
import { readFileSync, symlinkSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Credentials } from "../../sandbox/sandbox.ts";
import { systemClock } from "../../session-manager/clock.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { JOURNEY_LIMIT_MS, Journey } from "./connect-journey.ts";

const project = join(import.meta.dirname, "..", "..");
/** The deployed one: the manual's examples name it. */
const NAME = "sandbox-dev-bastion-host";

/** The fenced blocks of one language. */
function blocks(document: string, language: string): string[] {
  const fence = new RegExp(`^ *\`\`\`${language}\\n(.*?)^ *\`\`\``, "gms");
  return [...readFileSync(join(project, document), "utf8").matchAll(fence)].map(([, block = ""]) => block);
}

const commands = ["docs/commands.md", "README.md"]
  .flatMap((document) => blocks(document, "sh"))
  .flatMap((block) => block.split("\n").map((line) => line.trim()))
  .filter((line) => line.includes("./scripts/connect.ts"));

/** A command that stays until it is told to end. */
const staysOpen = (command: string): boolean => command.endsWith(" -N");

describe("the manual of connect.ts", () => {
  let sandbox: TestSandbox;
  let journey: Journey;
  let credentials: Credentials;
  /** Added to the sandbox's time, in ms. */
  let hurryMs = 0;
  beforeAll(async () => {
    sandbox = await openTestSandbox({ clock: { ...systemClock, now: () => systemClock.now() + hurryMs } });
    credentials = await sandbox.createUser("reader-of-the-manual", policyOfTheManual());
  }, OPEN_LIMIT_MS);
  afterAll(() => sandbox.close());
  beforeEach(() => {
    journey = new Journey(sandbox);
    symlinkSync(join(project, "scripts"), join(journey.person.home, "scripts"));
  });
  afterEach(async () => {
    try {
      await journey.expectNothingLeft();
    } finally {
      journey.leave();
    }
  });

  function policyOfTheManual(): object[] {
    const [policy = ""] = blocks("docs/permissions.md", "json");
    const filled = policy.replaceAll("REGION", sandbox.shared.region).replaceAll("ACCOUNT_ID", "123456789012");
    return (JSON.parse(filled) as { readonly Statement: object[] }).Statement;
  }

  it("has commands to run", () => {
    expect(commands.length).toBeGreaterThan(5);
  });

  it.each([...new Set(commands)].filter((command) => !staysOpen(command)))(
    "prints what works, with the permissions that it names: %s",
    async (command) => {
      const outcome = await journey.person.run("/bin/sh", ["-c", command], {
        environment: journey.environment(credentials),
        input: "exit\n", // to those that open a shell
      });
      expect(outcome).toMatchObject({ status: 0 });
    },
    JOURNEY_LIMIT_MS,
  );

  it.each(commands.filter(staysOpen))(
    "prints what works until Ctrl-C: %s",
    async (command) => {
      const port = Number(/-L (\d+):/.exec(command)?.[1]);
      const environment = journey.environment(credentials);
      const running = journey.person.start("/bin/sh", ["-c", `exec ${command}`], { environment });
      expect(await greeting(port)).toMatch(/^SSH-2\.0-/);
      running.child.kill("SIGINT");
      await expect(running.outcome).resolves.toMatchObject({ status: 130 });
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "names a policy that suffices for a reboot",
    async () => {
      const id = await sandbox.cloneBastion(NAME);
      try {
        sandbox.endpoint.nodes.offlineUntilReboot.add(id);
        hurryMs = 10 * 60_000; // the instance is no longer young
        const outcome = await journey.connect([id, "--reboot", "--", "exit", "3"], { credentials });
        expect(outcome).toMatchObject({ status: 3, stderr: expect.stringContaining("rebooted") });
      } finally {
        hurryMs = 0;
        await sandbox.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] })); // or there would be two
      }
    },
    JOURNEY_LIMIT_MS,
  );
});

/** What a forwarded port says first, once it is there. */
async function greeting(port: number): Promise<string> {
  for (;;) {
    const text = await new Promise<string>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("data", (data) => {
        resolve(String(data));
        socket.destroy();
      });
      socket.once("error", () => {
        resolve("");
      });
    });
    if (text !== "") return text;
    await wait(100);
  }
}
