// Plain ssh, scp, rsync, git, and what editors do with them, by the Host block that ssh-config.ts writes; and sftp.ts.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { TerminateInstancesCommand } from "@aws-sdk/client-ec2";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect as connectTcp, createServer, type Server } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { CommandOptions, CommandOutcome } from "../harness/run-command.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { JOURNEY_LIMIT_MS, Journey } from "./connect-journey.ts";

const NAME = "journey-tools";
const scripts = join(import.meta.dirname, "..", "..", "scripts");
const OTHER_KEY = "AAAAC3NzaC1lZDI1NTE5AAAAINdWTrZRN1+pL3BRHZMT+7aOT0L/Zd3oqJS+s0du6ZUL";

/** What the journeys of plain ssh share. */
class ToolsJourney extends Journey {
  readonly configuration = join(this.person.home, "a place", "ssh config");

  run(program: string, words: readonly string[], options: CommandOptions = {}): Promise<CommandOutcome> {
    const path = program.endsWith(".ts") ? join(scripts, program) : program;
    const environment = { ...this.environment(), ...options.environment };
    return this.person.run(path, words, { ...options, environment });
  }

  /** Runs plain ssh with the configuration that `configure` has written. */
  ssh(words: readonly string[], options: CommandOptions = {}): Promise<CommandOutcome> {
    return this.run("ssh", ["-F", this.configuration, ...words], options);
  }

  async configure(words: readonly string[] = [NAME], options: CommandOptions = {}): Promise<void> {
    const given = [...words, "--write", "--file", this.configuration];
    const { status, stderr } = await this.run("ssh-config.ts", given, options);
    assert.equal(status, 0, stderr);
  }

  get state(): string {
    return join(this.person.home, ".local", "state", "isolated-bastion");
  }
}

describe("plain ssh, by a Host block", () => {
  let sandbox: TestSandbox;
  let journey: ToolsJourney;
  let instanceId = "";
  beforeAll(async () => {
    sandbox = await openTestSandbox();
    instanceId = await sandbox.cloneBastion(NAME);
  }, OPEN_LIMIT_MS);
  afterAll(async () => {
    await sandbox.close();
    assert.deepEqual(sandbox.faultsMet, []);
  });
  beforeEach(async () => {
    journey = new ToolsJourney(sandbox);
    await journey.configure();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    try {
      await journey.expectNothingLeft();
    } finally {
      journey.leave();
    }
  });

  it(
    "logs in, runs a command, and says nothing of its own, the first time too",
    async () => {
      const outcome = await journey.ssh([NAME, "cat; exit 7"], { input: "hello" });
      expect(outcome).toMatchObject({ status: 7, stdout: "hello", stderr: "" });
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "copies by scp, both ways",
    async () => {
      const content = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7 + (index >> 8)) % 256));
      writeFileSync(join(journey.person.home, "it's a file"), content);
      const scp = (...words: string[]) => journey.run("scp", ["-q", "-F", journey.configuration, ...words]);
      expect(await scp("it's a file", `${NAME}:up`)).toMatchObject({ status: 0, stderr: "" });
      expect(await scp(`${NAME}:up`, "down")).toMatchObject({ status: 0, stderr: "" });
      expect(readFileSync(join(journey.person.home, "down")).equals(content)).toBe(true);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "synchronizes by rsync",
    async () => {
      mkdirSync(join(journey.person.home, "tree", "leaf"), { recursive: true });
      writeFileSync(join(journey.person.home, "tree", "leaf", "a"), "a\n");
      const remoteShell = `ssh -F '${journey.configuration}'`;
      const up = await journey.run("rsync", ["-a", "-e", remoteShell, "tree/", `${NAME}:tree/`]);
      expect(up).toMatchObject({ status: 0, stderr: "" });
      const down = await journey.run("rsync", ["-a", "-e", remoteShell, `${NAME}:tree/`, "copy/"]);
      expect(down).toMatchObject({ status: 0, stderr: "" });
      expect(readFileSync(join(journey.person.home, "copy", "leaf", "a"), "utf8")).toBe("a\n");
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "pushes and clones by git",
    async () => {
      const environment = { GIT_SSH_COMMAND: `ssh -F '${journey.configuration}'`, GIT_CONFIG_NOSYSTEM: "1" };
      const identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"];
      const git = async (...words: string[]): Promise<void> => {
        const { status, stderr } = await journey.run("git", [...identity, ...words], { environment });
        assert.equal(status, 0, stderr);
      };
      await journey.ssh([NAME, "rm -rf work.git; git init -q --bare --initial-branch=main work.git"]);
      await git("init", "-q", "work");
      await git("-C", "work", "commit", "-q", "--allow-empty", "-m", "begin");
      await git("-C", "work", "push", "-q", `${NAME}:work.git`, "main");
      await git("clone", "-q", `${NAME}:work.git`, "clone");
      const log = await journey.run("git", ["-C", "clone", "log", "--format=%s"]);
      expect(log.stdout).toBe("begin\n");
    },
    JOURNEY_LIMIT_MS,
  );

  describe("as VS Code Remote uses it", () => {
    it(
      "runs a script from stdin without a terminal, beside a SOCKS proxy, with a configuration of its own",
      async () => {
        const web = await answering("hello from behind\n");
        const port = await freePort();
        const running = journey.person.start(
          "ssh",
          ["-T", "-D", String(port), "-o", "ConnectTimeout=15", "-F", journey.configuration, NAME, "sh"],
          { environment: journey.environment() },
        );
        running.child.stdin?.write("echo ready >&2\n");
        await running.stderrMatches(/ready/);
        await expect(throughSocks(port, web.port)).resolves.toBe("hello from behind\n");
        running.child.stdin?.end("echo out; exit 9\n");
        await expect(running.outcome).resolves.toMatchObject({ status: 9, stdout: "out\n" });
        web.server.close();
      },
      JOURNEY_LIMIT_MS,
    );

    it(
      "opens several connections at once, the first ones of all too",
      async () => {
        const numbers = [1, 2, 3, 4];
        const outcomes = await Promise.all(numbers.map((number) => journey.ssh([NAME, `exit ${number}`])));
        expect(outcomes.map(({ status }) => status)).toEqual(numbers);
      },
      JOURNEY_LIMIT_MS,
    );

    it(
      "shares one connection by ControlMaster",
      async () => {
        const control = ["-o", "ControlPath=mux", "-o", "ControlPersist=60"];
        const before = sandbox.endpoint.sessions.list().length;
        await journey.ssh([...control, "-o", "ControlMaster=yes", "-fN", NAME]);
        await expect(journey.ssh([...control, NAME, "exit 3"])).resolves.toMatchObject({ status: 3 });
        await journey.ssh([...control, "-O", "exit", NAME]);
        expect(sandbox.endpoint.sessions.list()).toHaveLength(before + 1);
      },
      JOURNEY_LIMIT_MS,
    );
  });

  describe("host keys", () => {
    it(
      "takes the key from the console output, keeps it by instance id, and shares it with connect.ts",
      async () => {
        await journey.ssh([NAME, "true"]);
        const [key = ""] = await sandbox.endpoint.instances.hostPublicKeys(instanceId);
        expect(readFileSync(join(journey.state, "known_hosts"), "utf8")).toBe(`${instanceId} ${key}\n`);
        await expect(journey.connect([NAME, "--", "exit 3"])).resolves.toMatchObject({ status: 3, stderr: "" });
      },
      JOURNEY_LIMIT_MS,
    );

    it.each<[string, readonly string[]]>([
      ["none", []],
      ["several", [`ssh-ed25519 ${OTHER_KEY}`, `ssh-ed25519 ${OTHER_KEY.replace("INd", "IMd")}`]],
    ])(
      "says that it accepts a key where the console output has %s, once, and keeps that",
      async (which, keys) => {
        jest.spyOn(sandbox.endpoint.instances, "hostPublicKeys").mockResolvedValue([...keys]);
        const first = await journey.ssh([NAME, "exit 3"]);
        expect(first).toMatchObject({
          status: 3,
          stderr: expect.stringContaining(
            `proxy: the host key of ${instanceId} cannot be known beforehand: its console output has ${which}; the one it shows is kept`,
          ),
        });
        await waitForKnownHost(journey, instanceId);
        await expect(journey.ssh([NAME, "exit 4"])).resolves.toMatchObject({ status: 4, stderr: "" });
      },
      JOURNEY_LIMIT_MS,
    );

    it(
      "refuses a changed key, with the reason and the cure",
      async () => {
        mkdirSync(journey.state, { recursive: true });
        const file = join(journey.state, "known_hosts");
        writeFileSync(file, `${instanceId} ssh-ed25519 ${OTHER_KEY}\n`);
        const outcome = await journey.ssh([NAME, "true"]);
        expect(outcome.status).toBe(255);
        expect(outcome.stderr).toContain("REMOTE HOST IDENTIFICATION HAS CHANGED");
        expect(outcome.stderr).toContain(
          `proxy: warning: "${NAME}" (${instanceId}) shows another host key than before`,
        );
        expect(outcome.stderr).toContain(`ssh-keygen -R ${instanceId} -f ${file}`);
        await journey.run("ssh-keygen", ["-R", instanceId, "-f", file]);
        await expect(journey.ssh([NAME, "exit 3"])).resolves.toMatchObject({ status: 3 });
      },
      JOURNEY_LIMIT_MS,
    );

    it(
      "goes on without a word when the bastion was rebuilt under its name",
      async () => {
        const first = await sandbox.cloneBastion("journey-rebuilt");
        await journey.configure(["journey-rebuilt"]);
        await journey.ssh(["journey-rebuilt", "true"]);
        await sandbox.ec2.send(new TerminateInstancesCommand({ InstanceIds: [first] }));
        await sandbox.cloneBastion("journey-rebuilt");
        const outcome = await journey.ssh(["journey-rebuilt", "exit 3"]);
        expect(outcome).toMatchObject({ status: 3, stderr: "" });
      },
      JOURNEY_LIMIT_MS,
    );
  });

  describe("a key that sshd does not take", () => {
    it(
      "is authorized once more by connect.ts, which then goes on",
      async () => {
        jest.spyOn(sandbox.endpoint.authorizedKeys, "authorize").mockImplementationOnce(() => undefined);
        const outcome = await journey.connect([NAME, "--", "exit 3"]);
        expect(outcome).toMatchObject({
          status: 3,
          stderr: expect.stringContaining("connect: the key was not accepted; authorizing it once more"),
        });
      },
      JOURNEY_LIMIT_MS,
    );

    it(
      "is explained when it is refused again, by connect.ts and by plain ssh",
      async () => {
        const authorize = jest.spyOn(sandbox.endpoint.authorizedKeys, "authorize");
        authorize.mockImplementation(() => undefined);
        const cause = `sshd did not take the key that EC2 Instance Connect had authorized: the image's OS user is "ec2-user", and the login was for "ubuntu"`;
        const connected = await journey.connect([`ubuntu@${NAME}`, "--", "exit 3"]);
        expect(connected).toMatchObject({ status: 255, stderr: expect.stringContaining(`connect: warning: ${cause}`) });
        expect(authorize).toHaveBeenCalledTimes(2);
        await journey.configure([`ubuntu@${NAME}`]);
        const plain = await journey.ssh([NAME, "exit 3"]);
        expect(plain).toMatchObject({ status: 255, stderr: expect.stringContaining("Permission denied (publickey)") });
        expect(plain.stderr).toContain(`proxy: warning: ${cause}`);
      },
      JOURNEY_LIMIT_MS,
    );
  });

  it(
    "works where the project's own files lie at a place with blanks, quotes and percent signs",
    async () => {
      const environment = { XDG_STATE_HOME: join(journey.person.home, `it's a "100%h" place`) };
      await journey.configure([NAME], { environment });
      await expect(journey.ssh([NAME, "exit 3"], { environment })).resolves.toMatchObject({ status: 3, stderr: "" });
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "writes nothing but the stream to stdout: nothing when the bastion is not found",
    async () => {
      const outcome = await journey.run("proxy.ts", ["journey-toolz"]);
      expect(outcome).toMatchObject({ status: 66, stdout: "" });
      expect(outcome.stderr).toContain(`proxy: hint: did you mean "${NAME}"`);
      const debugged = await journey.run("proxy.ts", ["--debug", NAME], { input: "SSH-2.0-x\r\n" });
      expect(debugged.stdout).toMatch(/^SSH-2\.0-[^\n]*\r\n/);
    },
    JOURNEY_LIMIT_MS,
  );

  it.each([
    ["-oProxyCommand=x", 64],
    ["a b", 64],
    ["../x", 64],
    ["*", 64],
  ])(
    "ssh-config.ts fails with 64 for a name that cannot be a host: %j",
    async (word, status) => {
      const before = readFileSync(journey.configuration, "utf8");
      const words = ["--write", "--file", journey.configuration, word];
      await expect(journey.run("ssh-config.ts", words)).resolves.toMatchObject({ status, stdout: "" });
      expect(readFileSync(journey.configuration, "utf8")).toBe(before);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "ssh-config.ts prints the block it would write, and takes it out again",
    async () => {
      const { stdout } = await journey.run("ssh-config.ts", [NAME]);
      expect(readFileSync(journey.configuration, "utf8")).toBe(stdout);
      await journey.run("ssh-config.ts", [NAME, "--remove", "--file", journey.configuration]);
      expect(readFileSync(journey.configuration, "utf8")).toBe("");
      expect(statSync(journey.configuration).mode & 0o777).toBe(0o600);
    },
    JOURNEY_LIMIT_MS,
  );

  describe("sftp.ts", () => {
    it(
      "transfers files by a batch on stdin, hostile names too",
      async () => {
        const hostile = "$(touch owned) ; it's";
        writeFileSync(join(journey.person.home, hostile), "content\n");
        const batch = `put "${hostile}"\nget "${hostile}" back\n`;
        const outcome = await journey.run("sftp.ts", [NAME, "--", "-q", "-b", "-"], { input: batch });
        expect(outcome).toMatchObject({ status: 0, stderr: "" });
        expect(readFileSync(join(journey.person.home, "back"), "utf8")).toBe("content\n");
        expect(existsSync(join(journey.person.home, "owned"))).toBe(false);
      },
      JOURNEY_LIMIT_MS,
    );

    it(
      "begins at a remote path, with a named key, and passes sftp's own status on",
      async () => {
        await journey.ssh([NAME, "mkdir -p deep/er"]);
        const outcome = await journey.run("sftp.ts", [NAME, "my_key", "--", "deep/er"], { input: "pwd\n" });
        expect(outcome).toMatchObject({ status: 0, stdout: expect.stringMatching(/deep\/er$/m) });
        const failed = await journey.run("sftp.ts", [NAME, "my_key", "--", "-b", "-"], { input: "get nothing\n" });
        expect(failed.status).toBe(1);
      },
      JOURNEY_LIMIT_MS,
    );
  });
});

describe("plain ssh to OpenSSH's own sshd", () => {
  it(
    "forwards the agent",
    async () => {
      const sandbox = await openTestSandbox({ sshServer: "sshd" });
      const journey = new ToolsJourney(sandbox);
      try {
        await sandbox.cloneBastion("journey-agent");
        await journey.configure(["journey-agent", "--os-user", userInfo().username]);
        const key = join(journey.person.home, "mine");
        spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "mine", "-f", key]);
        const command = `eval "$(ssh-agent -s)" >/dev/null; ssh-add -q mine
          ssh -A -F '${journey.configuration}' journey-agent ssh-add -l; status=$?
          ssh-agent -k >/dev/null; exit $status`;
        const outcome = await journey.run("sh", ["-c", command]);
        expect(outcome).toMatchObject({ status: 0, stdout: expect.stringContaining("mine (ED25519)") });
        await journey.expectNothingLeft();
      } finally {
        journey.leave();
        await sandbox.close();
      }
    },
    JOURNEY_LIMIT_MS,
  );
});

/** What ssh has accepted is kept when its connection has ended. */
async function waitForKnownHost(journey: ToolsJourney, instanceId: string): Promise<void> {
  const file = join(journey.state, "known_hosts");
  while (!existsSync(file) || !readFileSync(file, "utf8").includes(instanceId)) await wait(50);
}

async function answering(text: string): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => socket.end(text));
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve((server.address() as { port: number }).port);
    });
  });
  return { server, port };
}

async function freePort(): Promise<number> {
  const { server, port } = await answering("");
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What answers at a port of the far side's loopback, asked through a SOCKS 5 proxy. @see RFC 1928 */
function throughSocks(proxyPort: number, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const received: Buffer[] = [];
    const socket = connectTcp(proxyPort, "127.0.0.1", () => {
      const address = Buffer.from([127, 0, 0, 1, port >> 8, port & 0xff]);
      socket.write(Buffer.concat([Buffer.from("050100" + "05010001", "hex"), address]));
    });
    socket.on("data", (data) => received.push(data));
    socket.once("error", reject);
    socket.once("end", () => {
      resolve(Buffer.concat(received).subarray(12).toString()); // two bytes of greeting, ten of reply
    });
  });
}
