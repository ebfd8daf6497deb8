// A person at a terminal: the shell, Ctrl-C, and questions.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { TerminateInstancesCommand } from "@aws-sdk/client-ec2";
import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../session-manager/clock.ts";
import type { RunningCommand } from "../harness/run-command.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { JOURNEY_LIMIT_MS, Journey, connectPolicyWithout, connectScript } from "./connect-journey.ts";

const NAME = "journey-terminal";
const CTRL_C = "\u0003";
const TEN_MINUTES_MS = 10 * 60_000;

describe("connect.ts on a terminal", () => {
  let sandbox: TestSandbox;
  let journey: Journey;
  /** Added to the sandbox's time, in ms. */
  let hurryMs = 0;
  beforeAll(async () => {
    sandbox = await openTestSandbox({ clock: { ...systemClock, now: () => systemClock.now() + hurryMs } });
    await sandbox.cloneBastion(NAME);
  }, OPEN_LIMIT_MS);
  afterAll(() => sandbox.close());
  beforeEach(() => {
    hurryMs = 0;
    journey = new Journey(sandbox);
  });
  afterEach(async () => {
    try {
      await journey.expectNothingLeft();
    } finally {
      journey.leave();
    }
  });

  /** What the terminal shows comes as standard error. */
  function start(...words: string[]): RunningCommand & { type: (text: string) => void } {
    const options = { environment: { ...journey.environment(), TERM: "xterm" } };
    const bridge = join(import.meta.dirname, "terminal.py");
    const running = journey.person.start("python3", [bridge, connectScript, ...words], options);
    return { ...running, type: (text) => void running.child.stdin?.write(text) };
  }

  /** ARN of a role that may do what connect.ts does. */
  async function roleWithMfa(): Promise<string> {
    const trust = { Effect: "Allow", Principal: { AWS: "arn:aws:iam::123456789012:root" }, Action: "sts:AssumeRole" };
    const document = (Statement: object[]): string => JSON.stringify({ Version: "2012-10-17", Statement });
    const RoleName = "journey-admin";
    const { Role } = await sandbox.iam.send(
      new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: document([trust]) }),
    );
    const PolicyDocument = document(connectPolicyWithout());
    await sandbox.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "connect", PolicyDocument }));
    return Role?.Arn ?? "";
  }

  it(
    "opens a shell, leaves Ctrl-C to what runs there, and ends with the shell's status",
    async () => {
      const shell = start(NAME);
      shell.type("echo shell$((40 + 2))\n");
      await shell.stderrMatches(/shell42/);
      // In a process of its own: one that has spoken has the terminal, and no Ctrl-C comes before it is there to hear it.
      shell.type("sh -c 'echo sleeps$((40 + 3)); exec sleep 600'\n");
      await shell.stderrMatches(/sleeps43/);
      shell.type(CTRL_C);
      shell.type("echo awake$((40 + 4))\n");
      await shell.stderrMatches(/awake44/);
      shell.type("exit 9\n");
      await expect(shell.outcome).resolves.toMatchObject({ status: 9 });
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "ends with the terminal, and leaves nothing",
    async () => {
      const shell = start(NAME);
      shell.type("echo shell$((40 + 2))\n");
      await shell.stderrMatches(/shell42/);
      shell.child.kill("SIGTERM"); // closes the terminal
      await shell.outcome;
      await expect(journey.person.leftovers()).resolves.toEqual([]);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "lets ssh ask for the key's passphrase",
    async () => {
      const path = join(journey.person.home, "my_key");
      spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "open sesame", "-a", "1", "-f", path]);
      const login = start(NAME, "my_key", "--", "exit 6");
      await login.stderrMatches(/Enter passphrase for key/);
      login.type("open sesame\n");
      await expect(login.outcome).resolves.toMatchObject({ status: 6 });
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "asks for the MFA code that an assumed role demands",
    async () => {
      const role = await roleWithMfa();
      const { accessKeyId, secretAccessKey } = sandbox.shared.deployer;
      const directory = join(journey.person.home, ".aws");
      mkdirSync(directory);
      const keys = `[keys]\naws_access_key_id=${accessKeyId}\naws_secret_access_key=${secretAccessKey}\n`;
      writeFileSync(join(directory, "credentials"), keys);
      const profile = `[profile admin]\nsource_profile=keys\nrole_arn=${role}\nmfa_serial=arn:aws:iam::123456789012:mfa/ada\n`;
      writeFileSync(join(directory, "config"), profile);
      const login = start(NAME, "--profile", "admin", "--", "exit 7");
      await login.stderrMatches(/MFA code for arn:aws:iam::123456789012:mfa\/ada: /);
      login.type("123456\n");
      const { status, stderr } = await login.outcome;
      expect(status).toBe(7);
      expect(stderr.match(/MFA code/g)).toHaveLength(1); // three services, one question
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "lets the person pick when several have the name",
    async () => {
      const ids = [await sandbox.cloneBastion("journey-pick"), await sandbox.cloneBastion("journey-pick")];
      const login = start("journey-pick", "--", "exit 4");
      await login.stderrMatches(/which "journey-pick"\? \[1-2\] /);
      login.type("2\n");
      const { status, stderr } = await login.outcome;
      expect(status).toBe(4);
      for (const id of ids) expect(stderr).toContain(id);
      await sandbox.ec2.send(new TerminateInstancesCommand({ InstanceIds: ids }));
    },
    JOURNEY_LIMIT_MS,
  );

  describe("when the SSM Agent is not connected", () => {
    let instanceId = "";
    const name = "journey-offline";
    const question =
      /reboot "journey-offline" \(i-[0-9a-f]+\) in account 123456789012, eu-central-1\? what runs on it ends\. \[y\/N\] /;
    beforeAll(async () => {
      instanceId = await sandbox.cloneBastion(name);
    }, OPEN_LIMIT_MS);
    beforeEach(() => {
      sandbox.endpoint.nodes.offlineUntilReboot.add(instanceId);
      hurryMs = TEN_MINUTES_MS;
    });

    it(
      "asks, reboots on a yes, waits, and goes on",
      async () => {
        const login = start(name, "--", "exit 8");
        await login.stderrMatches(question);
        login.type("y\n");
        const { status, stderr } = await login.outcome;
        expect(status).toBe(8);
        expect(stderr).toContain("waiting for its SSM Agent");
      },
      JOURNEY_LIMIT_MS,
    );

    it(
      "fails with 69 on a no, and reboots nothing",
      async () => {
        const login = start(name, "--", "exit 8");
        await login.stderrMatches(question);
        login.type("\n");
        const { status, stderr } = await login.outcome;
        expect(status).toBe(69);
        expect(stderr).toContain("is not connected, and it was not to be rebooted");
        expect(sandbox.endpoint.nodes.offlineUntilReboot.has(instanceId)).toBe(true);
      },
      JOURNEY_LIMIT_MS,
    );

    it(
      "ends with 130 on Ctrl-C at the question",
      async () => {
        const login = start(name, "--", "exit 8");
        await login.stderrMatches(question);
        login.type(CTRL_C);
        await expect(login.outcome).resolves.toMatchObject({ status: 130 });
      },
      JOURNEY_LIMIT_MS,
    );
  });
});
