// AWS's own client against the sandbox: what it is content with, ours may rely on.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { EC2InstanceConnectClient, SendSSHPublicKeyCommand } from "@aws-sdk/client-ec2-instance-connect";
import { makeEd25519KeyPair } from "../../scripts/ssh/openssh-key.ts";
import { shellQuote } from "../../scripts/ssh/shell-quote.ts";
import { Person, type RunningCommand } from "../harness/run-command.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { createIsolatedNetwork } from "./isolated-network.ts";
import { PLUGIN, isPluginUsable, startForPlugin, type PluginRun } from "./session-manager-plugin.ts";

const LIMIT_MS = 60_000;
const AGENTS_BEFORE_MULTIPLEXING = "3.0.196.0";
const terminal = ["-I", "-S", join(import.meta.dirname, "..", "journeys", "terminal.py")];
const describeWithPlugin = isPluginUsable() ? describe : describe.skip;

let person: Person;
let destination: Server;
let sockets: Socket[];

beforeEach(async () => {
  person = new Person();
  sockets = [];
  destination = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.pipe(socket);
  });
  destination.listen(0, "127.0.0.1");
  await once(destination, "listening");
});

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  destination.close();
  person.leave();
});

function start({ words, environment }: PluginRun): RunningCommand {
  return person.start(PLUGIN, words, { environment, timeLimitMs: LIMIT_MS });
}

/** A shell, so on a terminal; what it shows comes on standard error. */
function startOnTerminal({ words, environment }: PluginRun): RunningCommand {
  return person.start("python3", [...terminal, PLUGIN, ...words], { environment, timeLimitMs: LIMIT_MS });
}

/** Resolves with what stdout's text matches, as soon as it does. */
async function stdoutMatch(running: RunningCommand, pattern: RegExp): Promise<string> {
  let text = "";
  return new Promise((resolve, reject) => {
    running.child.stdout?.on("data", (chunk: string) => {
      text += chunk;
      const [, group] = pattern.exec(text) ?? [];
      if (group !== undefined) resolve(group);
    });
    void running.outcome.then(() => {
      reject(new Error(`the plugin ended, and had said: ${text}`));
    }, reject);
  });
}

/** The local port, once the plugin waits for connections to it. */
async function openedPort(plugin: RunningCommand): Promise<number> {
  return Number(await stdoutMatch(plugin, /Port (\d+) opened for sessionId .*\n(?=[^]*Waiting for connections)/));
}

/** A port session to what listens here. */
function toDestination(): { DocumentName: string; Parameters: Record<string, string[]> } {
  const { port } = destination.address() as AddressInfo;
  return { DocumentName: "AWS-StartPortForwardingSession", Parameters: { portNumber: [String(port)] } };
}

async function echoed(port: number, bytes: Buffer): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  const digestOfEcho = await echoedOn(socket, bytes);
  socket.destroy();
  return digestOfEcho;
}

/** Digest of what comes back; the plugin knows no half-open connections, so it is counted. */
async function echoedOn(socket: Socket, bytes: Buffer): Promise<string> {
  socket.write(bytes);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= bytes.length) break;
  }
  return digest(Buffer.concat(chunks));
}

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function patternedBytes(length: number, seed: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => (index * 7 + (index >> 8) * seed + seed) % 256));
}

describeWithPlugin("session-manager-plugin", () => {
  let sandbox: TestSandbox;
  let Target: string;

  beforeAll(async () => {
    sandbox = await openTestSandbox();
    ({ instanceId: Target } = await createIsolatedNetwork(sandbox, "plugin"));
  }, OPEN_LIMIT_MS);

  afterEach(() => {
    sandbox.endpoint.sessions.endAll(Target, "the test is over");
  });

  afterAll(async () => {
    await sandbox.close();
    assert.deepEqual(sandbox.faultsMet, []);
  });

  const forwarding = (): Promise<PluginRun> => startForPlugin(sandbox, Target, toDestination());

  /** A key that is authorized on the instance, and ssh's arguments for it. */
  async function sshWords(run: PluginRun, command: string): Promise<string[]> {
    const { publicKey, privateKey } = makeEd25519KeyPair("plugin");
    const identityFile = join(person.home, "key");
    writeFileSync(identityFile, privateKey, { mode: 0o600 });
    const client = new EC2InstanceConnectClient(sandbox.configuration());
    await client.send(
      new SendSSHPublicKeyCommand({ InstanceId: Target, InstanceOSUser: "ec2-user", SSHPublicKey: publicKey }),
    );
    client.destroy();
    const proxyCommand = [PLUGIN, ...run.words].map(shellQuote).join(" ").replaceAll("%", "%%");
    const settings = [`ProxyCommand=${proxyCommand}`, "StrictHostKeyChecking=accept-new", "IdentityAgent=none"];
    return [...settings.flatMap((setting) => ["-o", setting]), "-i", identityFile, "-l", "ec2-user", Target, command];
  }

  it(
    "carries ssh as its ProxyCommand: both ways, and the command's status",
    async () => {
      const run = await startForPlugin(sandbox, Target, { DocumentName: "AWS-StartSSHSession" });
      const input = patternedBytes(200_000, 3);
      const words = await sshWords(run, "tee /dev/stderr | sha256sum; exit 7");
      const { status, stdout } = await person.run("ssh", words, { environment: run.environment, input });
      expect([status, stdout]).toEqual([7, `${digest(input)}  -\n`]);
    },
    LIMIT_MS,
  );

  it(
    "forwards many connections at once, multiplexed",
    async () => {
      const run = await forwarding();
      const plugin = start(run);
      const localPort = await openedPort(plugin);
      const all = Array.from({ length: 8 }, (_, index) => patternedBytes(60_000, index));
      const digests = await Promise.all(all.map((bytes) => echoed(localPort, bytes)));
      expect(digests).toEqual(all.map(digest));
      plugin.child.kill("SIGINT");
      await expect(plugin.outcome).resolves.toMatchObject({ status: 0 });
      expect(sandbox.endpoint.sessions.find(run.sessionId)).toMatchObject({ status: "Terminated" });
    },
    LIMIT_MS,
  );

  it(
    "hears that nothing listens on the port, and goes on",
    async () => {
      const plugin = start(await forwarding());
      destination.close();
      const localPort = await openedPort(plugin);
      const refused = stdoutMatch(plugin, /(Connection to destination port failed)/);
      await echoed(localPort, Buffer.from("hello")).catch(() => undefined);
      await expect(refused).resolves.toBeTruthy();
      plugin.child.kill("SIGINT");
      await expect(plugin.outcome).resolves.toMatchObject({ status: 0 });
    },
    LIMIT_MS,
  );

  it(
    "opens a shell on a terminal, tells its size, and ends with it",
    async () => {
      const shell = startOnTerminal(await startForPlugin(sandbox, Target));
      const type = (text: string): unknown => shell.child.stdin?.write(text);
      await shell.stderrMatches(/Starting session with SessionId/);
      type("echo shell$((40 + 2)); stty size\n");
      await shell.stderrMatches(/shell42\r*\n\d+ \d+/);
      type("exit\n");
      const { stderr } = await shell.outcome;
      expect(stderr).toContain("Exiting session with sessionId");
    },
    LIMIT_MS,
  );

  it(
    "leaves Ctrl-C to what runs in the shell",
    async () => {
      const shell = startOnTerminal(await startForPlugin(sandbox, Target));
      const type = (text: string): unknown => shell.child.stdin?.write(text);
      type("echo sleeps$((40 + 3)); sleep 600\n");
      await shell.stderrMatches(/sleeps43/);
      type("\u0003");
      await shell.stderrMatches(/\^C/); // what is typed before is taken back
      type("echo awake$((40 + 4)); exit\n");
      await shell.stderrMatches(/awake44/);
      await expect(shell.outcome).resolves.toBeDefined();
    },
    LIMIT_MS,
  );

  it(
    "runs a command without a terminal: both outputs, and the exit code",
    async () => {
      const run = await startForPlugin(sandbox, Target, {
        DocumentName: "AWS-StartNonInteractiveCommand",
        Parameters: { command: ["sh -c 'echo out; echo err >&2; exit 7'"], separateOutputStream: ["true"] },
      });
      const { stdout } = await start(run).outcome;
      expect(stdout).toContain("out\n");
      expect(stdout).toContain("err\n");
      expect(stdout).toContain("EXIT_CODE: 7");
    },
    LIMIT_MS,
  );

  it(
    "leaves when the session is terminated by somebody else",
    async () => {
      const run = await forwarding();
      const plugin = start(run);
      await openedPort(plugin);
      sandbox.endpoint.sessions.end(run.sessionId, "ended by an administrator");
      const { status, stdout } = await plugin.outcome;
      expect(status).toBe(0);
      expect(stdout).toContain("ended by an administrator");
    },
    LIMIT_MS,
  );
});

describeWithPlugin("session-manager-plugin, with an agent from before multiplexing", () => {
  let sandbox: TestSandbox;
  let Target: string;

  beforeAll(async () => {
    sandbox = await openTestSandbox({ agentVersion: AGENTS_BEFORE_MULTIPLEXING });
    ({ instanceId: Target } = await createIsolatedNetwork(sandbox, "plugin-basic"));
  }, OPEN_LIMIT_MS);

  afterAll(async () => {
    await sandbox.close();
    assert.deepEqual(sandbox.faultsMet, []);
  });

  it(
    "forwards one connection after the other",
    async () => {
      const plugin = start(await startForPlugin(sandbox, Target, toDestination()));
      const localPort = Number(await stdoutMatch(plugin, /Port (\d+) opened for sessionId/));
      for (const seed of [1, 2]) {
        const bytes = patternedBytes(60_000, seed);
        await expect(echoed(localPort, bytes)).resolves.toBe(digest(bytes));
      }
      plugin.child.kill("SIGINT");
      await expect(plugin.outcome).resolves.toBeDefined();
    },
    LIMIT_MS,
  );
});
