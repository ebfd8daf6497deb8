import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { AuthorizedKeys } from "../../../sandbox/instances/authorized-keys.ts";
import { Instances } from "../../../sandbox/instances/instances.ts";
import { systemClock } from "../../../session-manager/clock.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { OpensshClient, outcomeOf } from "./openssh-client.ts";
import { isRunning } from "./process-state.ts";

const INSTANCE_ID = "i-0123456789abcdef0";
const PERSON = userInfo().username;

describe.each(["ssh2", "sshd"] as const)("an instance's SSH server (%s)", (sshServer) => {
  let directory: string;
  let keys: AuthorizedKeys;
  let instances: Instances;
  let client: OpensshClient;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "instances-"));
    keys = new AuthorizedKeys(systemClock);
    instances = new Instances({ directory, clock: systemClock, authorizedKeys: keys, sshServer });
    client = await OpensshClient.open(() => instances.connect(INSTANCE_ID, 22));
    keys.authorize({ instanceId: INSTANCE_ID, osUser: PERSON, publicKey: client.publicKey });
  });

  afterEach(async () => {
    await instances.close();
    await client.close();
    await rm(directory, { recursive: true, force: true });
  });

  it("runs a command, hands back its output, its errors and its exit status", async () => {
    const outcome = await client.ssh([`${PERSON}@instance`, "echo out; echo err >&2; exit 7"]);
    expect([outcome.stdout.toString(), outcome.status]).toEqual(["out\n", 7]);
    expect(outcome.stderr).toContain("err\n");
  });

  it("shows the host key that hostPublicKeys() tells", async () => {
    await client.ssh([`${PERSON}@instance`, "true"]);
    const [publicKey] = await instances.hostPublicKeys(INSTANCE_ID);
    await expect(client.knownHosts()).resolves.toContain(`instance ${publicKey ?? ""}\n`);
  });

  it("keeps its host key in a private directory, so that a reboot does not change it", async () => {
    const before = await instances.hostPublicKeys(INSTANCE_ID);
    await instances.stop(INSTANCE_ID);
    await expect(instances.hostPublicKeys(INSTANCE_ID)).resolves.toEqual(before);
    const [folder, key] = [join(directory, INSTANCE_ID), join(directory, INSTANCE_ID, "ssh_host_ed25519_key")];
    expect([(await stat(folder)).mode & 0o777, (await stat(key)).mode & 0o777]).toEqual([0o700, 0o600]);
  });

  it("refuses a key that nobody authorized", async () => {
    const stranger = await OpensshClient.open(() => instances.connect(INSTANCE_ID, 22));
    const outcome = await stranger.ssh([`${PERSON}@instance`, "true"]);
    await stranger.close();
    expect(outcome.status).toBe(255);
    expect(outcome.stderr).toContain("Permission denied (publickey)");
  });

  it("refuses an OS user that the key was not authorized for", async () => {
    const outcome = await client.ssh(["somebody-else@instance", "true"]);
    expect([outcome.status, outcome.stderr]).toEqual([255, expect.stringContaining("Permission denied")]);
  });

  it("refuses a key that was authorized for another instance", async () => {
    const other = await OpensshClient.open(() => instances.connect("i-0fedcba9876543210", 22));
    keys.authorize({ instanceId: INSTANCE_ID, osUser: PERSON, publicKey: other.publicKey });
    const outcome = await other.ssh([`${PERSON}@instance`, "true"]);
    await other.close();
    expect([outcome.status, outcome.stderr]).toEqual([255, expect.stringContaining("Permission denied")]);
  });

  it("is the sandbox's HOME, in which commands and shells start", async () => {
    const home = join(directory, INSTANCE_ID, "home");
    const outcome = await client.ssh([`${PERSON}@instance`, "pwd; echo $HOME; echo ${SSH_ORIGINAL_COMMAND-none}"]);
    expect(outcome.stdout.toString()).toBe(`${home}\n${home}\nnone\n`);
  });

  it("gives a command no terminal, and its stdin and stdout unchanged", async () => {
    const bytes = Buffer.from(Array.from({ length: 1024 }, (_, index) => index % 256));
    const outcome = await client.ssh([`${PERSON}@instance`, "tty >&2; cat"], bytes);
    expect(outcome.stdout.equals(bytes)).toBe(true);
    expect(outcome.stderr).toContain("not a tty");
  });

  it("gives a terminal to who asks for it, of the type asked for", async () => {
    const outcome = await client.ssh(["-tt", `${PERSON}@instance`, "echo $TERM; tty"]);
    expect(outcome.stdout.toString()).toMatch(/\/dev\//);
  });

  it("loses nothing of 100000 lines that a program writes to a terminal right before its end", async () => {
    const outcome = await client.ssh(["-tt", `${PERSON}@instance`, "seq 1 100000"]);
    const lines = outcome.stdout.toString().split("\r\n");
    expect([lines.length, lines[99_999], outcome.status]).toEqual([100_001, "100000", 0]);
  });

  it("passes on the exit status of a program on a terminal", async () => {
    await expect(client.ssh(["-tt", `${PERSON}@instance`, "exit 3"])).resolves.toMatchObject({ status: 3 });
  });

  it("starts a login shell, which reads what is typed", async () => {
    const outcome = await client.ssh(["-tt", `${PERSON}@instance`], "echo $((40 + 2))\nexit 5\n");
    expect([outcome.stdout.toString(), outcome.status]).toEqual([expect.stringMatching(/^42\r?$/m), 5]);
  });

  it("forwards a local port to what listens behind it (-L)", async () => {
    const [target, port] = await echoServer();
    const socketPath = join(client.directory, "L");
    const forward = client.start("ssh", ["-N", "-L", `${socketPath}:127.0.0.1:${port}`, `${PERSON}@instance`]);
    await expect(echoThrough(socketPath, "through -L")).resolves.toBe("through -L");
    forward.kill();
    await outcomeOf(forward);
    target.close();
  });

  it("refuses a forwarding to a port where nothing listens", async () => {
    const [target, port] = await echoServer();
    target.close();
    const outcome = await client.ssh(["-W", `127.0.0.1:${port}`, `${PERSON}@instance`]);
    expect([outcome.status, outcome.stderr]).toEqual([255, expect.stringMatching(/open failed/)]);
  });

  it("opens a port for the client, on loopback only (-R)", async () => {
    const [target, port] = await echoServer();
    const forward = client.start("ssh", ["-N", "-R", `0.0.0.0:0:127.0.0.1:${port}`, `${PERSON}@instance`]);
    const allocated = await firstMatch(forward.stderr, /Allocated port (\d+)/);
    await expect(echoThrough(Number(allocated), "through -R")).resolves.toBe("through -R");
    forward.kill();
    await outcomeOf(forward);
    target.close();
  });

  it("serves as a SOCKS proxy (-D)", async () => {
    const [target, port] = await echoServer();
    const [probe, socksPort] = await echoServer(); // a free port: taken from the system, given back
    await new Promise((resolve) => probe.close(resolve));
    const forward = client.start("ssh", ["-v", "-N", "-D", `127.0.0.1:${socksPort}`, `${PERSON}@instance`]);
    await firstMatch(forward.stderr, /Entering interactive session/);
    await expect(socksEcho(socksPort, port, "through -D")).resolves.toBe("through -D");
    forward.kill();
    await outcomeOf(forward);
    target.close();
  });

  it("serves sftp", async () => {
    await writeFile(join(client.directory, "batch"), `put ${join(client.directory, "key")} uploaded\nls -1\n`);
    const outcome = await client.run("sftp", ["-b", join(client.directory, "batch"), `${PERSON}@instance`]);
    expect([outcome.status, outcome.stdout.toString()]).toEqual([0, expect.stringContaining("uploaded")]);
  });

  it.each([
    ["sftp", "-s"],
    ["its own protocol", "-O"],
  ])("serves scp, by %s", async (_name, mode) => {
    const [source, copy] = [join(client.directory, "source"), join(client.directory, "copy")];
    await writeFile(source, randomBytes(300_000));
    await client.run("scp", [mode, source, `${PERSON}@instance:uploaded`]);
    await client.run("scp", [mode, `${PERSON}@instance:uploaded`, copy]);
    await expect(readFile(copy)).resolves.toEqual(await readFile(source));
  });

  it("takes 64 MiB up and gives 64 MiB down, unchanged", async () => {
    const bytes = Buffer.alloc(64 * 1024 * 1024, randomBytes(1_000_003));
    const sum = createHash("sha256").update(bytes).digest("hex");
    const up = await client.ssh([`${PERSON}@instance`, "cat > file; sha256sum file || shasum -a 256 file"], bytes);
    expect(up.stdout.toString()).toContain(sum);
    const down = await client.ssh([`${PERSON}@instance`, "cat file"]);
    expect(createHash("sha256").update(down.stdout).digest("hex")).toBe(sum);
  });

  it("serves ten connections at once", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, index) => client.ssh([`${PERSON}@instance`, `echo ${index}`])),
    );
    expect(outcomes.map((outcome) => Number(outcome.stdout.toString()))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("ends what it runs when the instance stops", async () => {
    const running = client.start("ssh", ["-tt", `${PERSON}@instance`, "echo $$; exec sleep 600"]);
    const pid = Number(await firstMatch(running.stdout, /(\d+)\r?\n/));
    await instances.stop(INSTANCE_ID);
    await expect(outcomeOf(running)).resolves.toMatchObject({ status: 255 });
    await expect(gone(pid)).resolves.toBe(true);
  });
});

describe("an instance's own SSH server (ssh2)", () => {
  let directory: string;
  let clock: FakeClock;
  let keys: AuthorizedKeys;
  let instances: Instances;
  let client: OpensshClient;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "instances-"));
    clock = new FakeClock();
    keys = new AuthorizedKeys(clock);
    instances = new Instances({ directory, clock, authorizedKeys: keys, sshServer: "ssh2" });
    client = await OpensshClient.open(() => instances.connect(INSTANCE_ID, 22));
    keys.authorize({ instanceId: INSTANCE_ID, osUser: "ec2-user", publicKey: client.publicKey });
  });

  afterEach(async () => {
    await instances.close();
    await client.close();
    await rm(directory, { recursive: true, force: true });
  });

  it("admits an OS user that this computer does not have, as the person who runs it", async () => {
    const outcome = await client.ssh(["ec2-user@instance", "id -un"]);
    expect(outcome.stdout.toString()).toBe(`${PERSON}\n`);
  });

  it("refuses the key 60 s after it was authorized, and not 1 ms before", async () => {
    await clock.advance(59_999);
    await expect(client.ssh(["ec2-user@instance", "true"])).resolves.toMatchObject({ status: 0 });
    await clock.advance(1);
    await expect(client.ssh(["ec2-user@instance", "true"])).resolves.toMatchObject({ status: 255 });
  });

  it("keeps a connection that was admitted beyond the 60 s", async () => {
    const running = client.start("ssh", ["ec2-user@instance", "echo ready; read line; echo $line"]);
    await firstMatch(running.stdout, /(ready)/);
    await clock.advance(600_000);
    running.stdin.end("late\n");
    await expect(outcomeOf(running)).resolves.toMatchObject({ status: 0, stdout: Buffer.from("late\n") });
  });

  it("tells the terminal's size, at the start and when it changes", async () => {
    const terminal = `import os, pty, sys, fcntl, struct, termios, time
child, master = pty.fork()
if child == 0: os.execvp("ssh", sys.argv[1:])
def size(rows, columns): fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
size(31, 101)
seen = b""
while b"END" not in seen:
    data = os.read(master, 4096)
    seen += data
    if b"FIRST" in data: size(42, 123)
sys.stdout.write(seen.decode())`;
    const script = `stty size; trap 'stty size; echo END; exit' WINCH; echo FIRST; while :; do sleep 0.1; done`;
    const words = ["-c", terminal, "ssh", ...client.options, "-t", "ec2-user@instance", `exec sh -c "${script}"`];
    const outcome = await outcomeOf(spawn("python3", words));
    expect(outcome.stdout.toString().match(/\d+ \d+/g)).toEqual(["31 101", "42 123"]);
  });

  it("keeps stdout and stderr apart and whole when both are more than the client takes at once", async () => {
    const megabytes = 6;
    const script = `head -c ${megabytes}000000 /dev/zero | tr '\\0' o & head -c ${megabytes}000000 /dev/zero | tr '\\0' = >&2; wait`;
    const running = client.start("ssh", ["ec2-user@instance", script]);
    await new Promise((resolve) => setTimeout(resolve, 300)); // nobody reads, so neither has window left
    const outcome = await outcomeOf(running);
    expect(new Set(outcome.stdout)).toEqual(new Set(Buffer.from("o")));
    expect([outcome.stdout.length, outcome.stderr.replaceAll(/[^=]/g, "").length]).toEqual([6_000_000, 6_000_000]);
  });

  it("ends a command whose client has gone", async () => {
    const running = client.start("ssh", ["ec2-user@instance", "echo $$; exec sleep 600"]);
    const pid = Number(await firstMatch(running.stdout, /(\d+)\r?\n/));
    running.kill("SIGKILL");
    await expect(gone(pid)).resolves.toBe(true);
  });

  it("tells the signal that ended a program", async () => {
    const outcome = await client.ssh(["-v", "ec2-user@instance", "kill -TERM $$"]);
    expect(outcome.stderr).toContain("client_input_channel_req: channel 0 rtype exit-signal");
    expect(outcome.status).toBe(255);
  });

  it("ends a connection that has not logged in for 120 s", async () => {
    const stream = await instances.connect(INSTANCE_ID, 22);
    const closed = new Promise((resolve) => stream.once("close", resolve));
    stream.write("SSH-2.0-idle\r\n");
    stream.resume();
    await new Promise((resolve) => stream.once("data", resolve));
    await clock.advance(120_000);
    stream.end();
    await expect(closed).resolves.toBeUndefined();
  });

  it("fails to start for an id that is not an instance's", async () => {
    await expect(instances.connect("../../etc", 22)).rejects.toThrow("its id is not one of EC2's");
  });
});

async function echoServer(): Promise<[Server, number]> {
  const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return [server, (server.address() as AddressInfo).port];
}

/** Says `text`, ends, and returns all that comes back; tries again for 10 s while nothing listens. */
async function echoThrough(address: string | number, text: string): Promise<string> {
  for (let tries = 0; tries < 500; tries++) {
    const socket = typeof address === "string" ? connect(address) : connect(address, "127.0.0.1");
    const opened = await new Promise((resolve) =>
      socket
        .once("connect", () => {
          resolve(true);
        })
        .once("error", () => {
          resolve(false);
        }),
    );
    if (opened === true) {
      socket.end(text);
      return allOf(socket);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return "nothing listens";
}

async function socksEcho(socksPort: number, port: number, text: string): Promise<string> {
  const socket = connect(socksPort, "127.0.0.1");
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write(Buffer.from([5, 1, 0]));
  await new Promise((resolve) => socket.once("data", resolve));
  socket.write(Buffer.from([5, 1, 0, 1, 127, 0, 0, 1, port >> 8, port & 255]));
  await new Promise((resolve) => socket.once("data", resolve));
  socket.end(text);
  return allOf(socket);
}

async function allOf(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function firstMatch(stream: NodeJS.ReadableStream, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let seen = "";
    const read = (chunk: Buffer): void => {
      seen += chunk.toString();
      const match = pattern.exec(seen);
      if (match === null) return;
      stream.removeListener("data", read);
      resolve(match[1] ?? match[0]);
    };
    stream.on("data", read);
    stream.once("end", () => {
      reject(new Error(`ended before ${String(pattern)}: ${seen}`));
    });
  });
}

async function gone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 200 && isRunning(pid); tries++) await new Promise((resolve) => setTimeout(resolve, 20));
  return !isRunning(pid);
}
