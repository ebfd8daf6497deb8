// The real ssh, sftp and scp, joined to an instance that has no port.
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline, type Duplex } from "node:stream";
import { makeEd25519KeyPair } from "../../../scripts/ssh/openssh-key.ts";

const PROXY = `
const socket = require("node:net").connect(process.argv[1]);
process.stdin.pipe(socket); socket.pipe(process.stdout);
socket.on("error", () => process.exit(1)); socket.on("close", () => process.exit());
`;

export interface Outcome {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** An ssh client's side of the world: a directory with a key, a known-hosts file and a socket that leads to `connect`. */
export class OpensshClient {
  readonly directory: string;
  readonly publicKey: string;
  readonly #server: Server;
  readonly #running = new Set<ChildProcessWithoutNullStreams>();

  private constructor(directory: string, publicKey: string, server: Server) {
    this.directory = directory;
    this.publicKey = publicKey;
    this.#server = server;
  }

  static async open(connect: () => Promise<Duplex>): Promise<OpensshClient> {
    const directory = await mkdtemp(join(tmpdir(), "ssh-"));
    const key = makeEd25519KeyPair("test");
    await writeFile(join(directory, "key"), key.privateKey, { mode: 0o600 });
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      connect().then(
        (stream) => {
          pipeline(stream, socket, () => socket.destroy());
          pipeline(socket, stream, () => undefined);
        },
        () => socket.destroy(),
      );
    });
    await new Promise<void>((resolve) => server.listen(join(directory, "socket"), resolve));
    return new OpensshClient(directory, key.publicKey, server);
  }

  /** Ends what a failed test has left running, too. */
  async close(): Promise<void> {
    for (const child of this.#running) child.kill("SIGKILL");
    this.#server.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  knownHosts(): Promise<string> {
    return readFile(join(this.directory, "known_hosts"), "utf8");
  }

  /** What every program of OpenSSH takes. */
  get options(): readonly string[] {
    const proxy = `ProxyCommand=${process.execPath} -e '${PROXY.replaceAll("\n", " ")}' ${join(this.directory, "socket")}`;
    const settings = [proxy, "StrictHostKeyChecking=accept-new", "HostKeyAlias=instance", "BatchMode=yes"];
    settings.push(
      `UserKnownHostsFile=${join(this.directory, "known_hosts")}`,
      "IdentitiesOnly=yes",
      "IdentityAgent=none",
    );
    settings.push("ControlPath=none", "GlobalKnownHostsFile=none", `IdentityFile=${join(this.directory, "key")}`);
    return ["-F", "none", ...settings.flatMap((setting) => ["-o", setting])];
  }

  start(program: string, programArguments: readonly string[]): ChildProcessWithoutNullStreams {
    const child = spawn(program, [...this.options, ...programArguments]);
    this.#running.add(child);
    child.once("exit", () => this.#running.delete(child));
    return child;
  }

  /** Runs `ssh`, gives it `input`, and waits for its end. */
  ssh(programArguments: readonly string[], input: Buffer | string = ""): Promise<Outcome> {
    return this.run("ssh", programArguments, input);
  }

  run(program: string, programArguments: readonly string[], input: Buffer | string = ""): Promise<Outcome> {
    const child = this.start(program, programArguments);
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    return outcomeOf(child);
  }
}

export async function outcomeOf(child: ChildProcessWithoutNullStreams): Promise<Outcome> {
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { status, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() };
}
