// Logging in to the deployed bastion, as a person does it.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../session-manager/clock.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { JOURNEY_LIMIT_MS, Journey, connectScript, ownLines } from "./connect-journey.ts";

const NAME = "journey-connect";

describe("connect.ts", () => {
  let sandbox: TestSandbox;
  let journey: Journey;
  let instanceId = "";
  beforeAll(async () => {
    sandbox = await openTestSandbox();
    instanceId = await sandbox.cloneBastion(NAME);
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

  it(
    "runs a command by Name tag: its output on stdout, its errors on stderr, its status as its own",
    async () => {
      const { status, stdout, stderr } = await journey.connect([NAME, "--", "echo out; echo err >&2; exit 7"]);
      expect([status, stdout]).toEqual([7, "out\n"]);
      expect(stderr).toContain("err\n");
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "tells nothing of its own when all is well, but what ssh says of the first login",
    async () => {
      const first = await journey.connect([NAME, "--", "true"]);
      expect(ownLines(first)).toEqual([]);
      const second = await journey.connect([NAME, "--", "true"]);
      expect(second).toMatchObject({ status: 0, stdout: "", stderr: "" });
    },
    JOURNEY_LIMIT_MS,
  );

  it.each([
    ["instance id", () => [instanceId]],
    ["OS user before the name", () => [`ec2-user@${NAME}`]],
    ["OS user by flag", () => [NAME, "--os-user", "ubuntu"]],
  ])(
    "finds it by %s",
    async (_how, words) => {
      await expect(journey.connect([...words(), "--", "exit", "3"])).resolves.toMatchObject({ status: 3 });
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "carries bytes unchanged, both ways",
    async () => {
      const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7 + (index >> 8)) % 256));
      const { stdout } = await journey.connect([NAME, "--", "tee /dev/stderr | cksum"], { input: bytes });
      const expected = spawnSync("cksum", { input: bytes, encoding: "utf8" }).stdout;
      expect(stdout).toBe(expected);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "hands ssh its own options",
    async () => {
      const { stderr, status } = await journey.connect([NAME, "--", "-v", "-o", "ServerAliveInterval=7", "true"]);
      expect(status).toBe(0);
      expect(stderr).toContain("debug1:");
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "makes the named key pair where the person is, keeps it, and uses it again",
    async () => {
      const made = await journey.connect([NAME, "my_key", "--", "true"]);
      expect(ownLines(made)).toEqual(['connect: made key pair "my_key", "my_key.pub"']);
      const path = join(journey.person.home, "my_key");
      expect(statSync(path).mode & 0o777).toBe(0o600);
      const key = readFileSync(path, "utf8");
      const used = await journey.connect([NAME, "my_key", "--", "true"]);
      expect([used.status, ownLines(used), readFileSync(path, "utf8")]).toEqual([0, [], key]);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "uses an RSA pair that is there",
    async () => {
      const path = join(journey.person.home, "old");
      spawnSync("ssh-keygen", ["-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", path]);
      await expect(journey.connect([NAME, "old", "--", "exit", "5"])).resolves.toMatchObject({ status: 5 });
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "keeps the host key in a file of its own, and never touches ~/.ssh",
    async () => {
      await journey.connect([NAME, "--", "true"]);
      const state = join(journey.person.home, ".local", "state", "isolated-bastion");
      expect(readFileSync(join(state, "known_hosts"), "utf8")).toMatch(/ ssh-ed25519 /);
      expect(statSync(state).mode & 0o777).toBe(0o700);
      expect(readdirSync(journey.person.home)).toEqual([".local"]);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "refuses a host key that has changed, in ssh's own words",
    async () => {
      await journey.connect([NAME, "--", "-o", "HashKnownHosts=no", "true"]);
      const file = join(journey.person.home, ".local", "state", "isolated-bastion", "known_hosts");
      const other = "AAAAC3NzaC1lZDI1NTE5AAAAIJ1Zc2Vx0d1bZ5Yx8N1u0w3rYp0bq3m8m0W3t5yq6r7s";
      writeFileSync(file, `${instanceId} ssh-ed25519 ${other}\n`);
      const { status, stderr } = await journey.connect([NAME, "--", "true"]);
      expect(status).toBe(255);
      expect(stderr).toContain("REMOTE HOST IDENTIFICATION HAS CHANGED");
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "works through a symbolic link, from a directory that is hostile",
    async () => {
      const hostile = join(journey.person.home, "hostile");
      const evil = `require("node:fs").writeFileSync(${JSON.stringify(join(hostile, "executed"))}, "");`;
      for (const name of ["zx", "esbuild", "ws", "@aws-sdk/client-ec2", "@aws-sdk/client-ssm"]) {
        mkdirSync(join(hostile, "node_modules", name), { recursive: true });
        writeFileSync(join(hostile, "node_modules", name, "index.js"), evil);
      }
      writeFileSync(join(hostile, "evil.ts"), evil);
      const paths = { "*": ["./evil.ts"], "zx/core": ["./evil.ts"], "./command/run-command.ts": ["./evil.ts"] };
      writeFileSync(join(hostile, "tsconfig.json"), JSON.stringify({ compilerOptions: { baseUrl: ".", paths } }));
      writeFileSync(join(hostile, "package.json"), JSON.stringify({ type: "commonjs", prettier: "./evil.ts" }));
      writeFileSync(join(hostile, "dev.tfvars.json"), JSON.stringify({ aws_region: "us-east-1" }));
      for (const name of ["ssh", "node"])
        writeFileSync(join(hostile, name), "#!/bin/sh\ntouch executed\n", { mode: 0o755 });
      const link = join(journey.person.home, "bastion-login");
      symlinkSync(connectScript, link);
      const options = { workingDirectory: hostile, environment: journey.environment(), input: "" };
      const { status } = await journey.person.run(link, [NAME, "--", "exit", "6"], options);
      expect(status).toBe(6);
      expect(readdirSync(hostile)).not.toContain("executed");
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "shows each call with its request id when debugging, and no secret",
    async () => {
      const { status, stderr } = await journey.connect([NAME, "--debug", "--", "true"]);
      expect(status).toBe(0);
      for (const call of ["EC2 DescribeInstances", "SSM StartSession", "EC2InstanceConnect SendSSHPublicKey"])
        expect(stderr).toMatch(
          new RegExp(
            `^connect: debug: \\d+ ms: ${call}: answered after \\d+ ms \\(HTTP 200, request id [\\w-]+\\)$`,
            "m",
          ),
        );
      expect(stderr).not.toContain(sandbox.shared.deployer.secretAccessKey);
      expect(stderr).not.toMatch(/TokenValue|tokenValue|BEGIN OPENSSH/);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "takes the Region from the flag, though the environment names another one",
    async () => {
      const environment = { AWS_REGION: "us-east-1" };
      const words = [NAME, "--region", sandbox.shared.region, "--", "exit", "2"];
      await expect(journey.connect(words, { environment })).resolves.toMatchObject({ status: 2 });
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "prints its manual and its version without AWS",
    async () => {
      const environment = { AWS_ENDPOINT_URL: "http://127.0.0.1:9" };
      await expect(journey.connect(["--help"], { environment })).resolves.toMatchObject({
        status: 0,
        stdout: expect.stringContaining("connect.ts <bastion> [key]"),
        stderr: "",
      });
      await expect(journey.connect(["--version"], { environment })).resolves.toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/^connect \d+\.\d+\.\d+\n$/),
      });
    },
    JOURNEY_LIMIT_MS,
  );
});

describe("connect.ts where the clock is an hour wrong", () => {
  it.each([
    ["behind", 1],
    ["ahead", -1],
  ])(
    "works when this computer's is %s",
    async (_which, hours) => {
      const clock = { ...systemClock, now: () => systemClock.now() + hours * 3_600_000 };
      const sandbox = await openTestSandbox({ clock });
      const journey = new Journey(sandbox);
      try {
        const id = await sandbox.cloneBastion(`${NAME}-clock-${hours}`);
        const { status, stderr } = await journey.connect([id, "--debug", "--", "exit", "4"]);
        expect([status, stderr]).toEqual([4, expect.stringContaining("2 attempts")]);
        await journey.expectNothingLeft();
      } finally {
        journey.leave();
        await sandbox.close();
      }
    },
    JOURNEY_LIMIT_MS,
  );
});
