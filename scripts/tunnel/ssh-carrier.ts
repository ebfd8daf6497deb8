// Carries connections by one ssh: each destination is a socket of ssh's in our private directory (-L), or a port for -D.
import { access } from "node:fs/promises";
import { connect, createServer, type AddressInfo, type NetConnectOpts, type Socket } from "node:net";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Clock, sleep } from "../../session-manager/clock.ts";
import { carrySsh } from "../bastion/carry-ssh.ts";
import type { OpenSession } from "../bastion/open-session.ts";
import type { KeyAuthorization } from "../bastion/key-authorization.ts";
import type { Reporter } from "../command/reporter.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { UserError } from "../errors/user-error.ts";
import { openSshProgram } from "../platform/windows.ts";
import { type JoinPoint, type JoiningProcess, openJoinPoint } from "../ssh/join-point.ts";
import { type SshConnection, sshArguments } from "../ssh/ssh-arguments.ts";
import { type Carrier, type Destination, nameOfDestination } from "./carrier.ts";
import { type SshProcess, startSsh } from "./ssh-process.ts";

export interface SshCarrierRequest {
  readonly destinations: readonly Destination[];
  /** Private; gets the sockets, and is gone when the carrier has ended. */
  readonly directory: string;
  readonly connection: Omit<SshConnection, "proxyCommand">;
  readonly authorization: KeyAuthorization;
  /** Opens the session to sshd; its signal ends it, open or not. */
  openSession(signal: AbortSignal): Promise<OpenSession>;
}

export interface SshCarrierNeeds {
  readonly process: JoiningProcess;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly reporter: Pick<Reporter, "warn" | "debug">;
}

const POLL_MS = 15;

/** `channel 3: open failed: connect failed: Connection refused`: the bastion's own words about a destination. */
const OPEN_FAILED = /^channel \d+: open failed: (?<reason>.+?)\r?$/;

/**
 * Opens the session and ssh on it; resolves when ssh has logged in and listens.
 *
 * @throws UserError for what a person can act on, or the signal's reason
 */
export async function openSshCarrier(request: SshCarrierRequest, needs: SshCarrierNeeds): Promise<Carrier> {
  mkdirSync(request.directory, { mode: 0o700 });
  const joinPoint = await openJoinPoint(request.directory, needs.process);
  const carrier = new SshCarrier(request, joinPoint, needs);
  try {
    await carrier.start();
    return carrier;
  } catch (error) {
    await carrier.close();
    throw error;
  }
}

class SshCarrier implements Carrier {
  readonly ended: Promise<string>;
  readonly #request: SshCarrierRequest;
  readonly #joinPoint: JoinPoint;
  readonly #needs: SshCarrierNeeds;
  readonly #ending = new AbortController();
  readonly #said: string[] = [];
  #ports: readonly NetConnectOpts[] = [];
  #ssh: SshProcess | undefined;
  #session: Promise<OpenSession> | undefined;
  #closed: Promise<void> | undefined;
  #end: (reason: string) => void = () => undefined;

  constructor(request: SshCarrierRequest, joinPoint: JoinPoint, needs: SshCarrierNeeds) {
    this.#request = request;
    this.#joinPoint = joinPoint;
    this.#needs = needs;
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  async start(): Promise<void> {
    const { clock, signal } = this.#needs;
    const signals = AbortSignal.any([signal, this.#ending.signal]);
    this.#session = this.#request.openSession(signals);
    const failure = this.#failure(this.#session); // heard before anything else is awaited
    failure.catch(() => undefined);
    this.#ports = await Promise.all(
      this.#request.destinations.map((destination, index) => this.#port(destination, index)),
    );
    this.#ssh = await startSsh(
      openSshProgram("ssh", this.#needs.process.platform),
      this.#arguments(),
      (line) => {
        this.#hear(line);
      },
      clock,
    );
    const gone = this.#ssh.ended.then((status) => {
      this.#end(`ssh has ended with ${status}`);
      throw this.#sshFailed(status);
    });
    await Promise.race([this.#isListening(signals), failure, gone]);
    gone.catch(() => undefined);
  }

  connect(destination: number): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const port = this.#ports[destination];
      if (port === undefined) throw new RangeError(`no destination ${destination}`);
      const socket = connect({ ...port, allowHalfOpen: true } as NetConnectOpts);
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.removeListener("error", reject);
        resolve(socket);
      });
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#closeNow();
    return this.#closed;
  }

  async #closeNow(): Promise<void> {
    this.#end("it was closed");
    await this.#ssh?.stop();
    this.#ending.abort();
    this.#joinPoint.close();
    await this.#session?.then((session) => session.close()).catch(() => undefined);
    rmSync(this.#request.directory, { recursive: true, force: true });
  }

  /** Rejects when the session cannot be opened or the key not be authorized; never resolves. */
  async #failure(opening: Promise<OpenSession>): Promise<never> {
    const { stream } = await opening;
    void stream.ended.then(({ reason }) => {
      this.#end(reason === "" ? "Session Manager has closed it" : reason);
    });
    const { fromSsh, toSsh } = this.#joinPoint;
    const { authorization } = this.#request;
    return carrySsh({ fromSsh, toSsh, stream, authorization, clock: this.#needs.clock }).catch((error: unknown) => {
      this.#end(error instanceof Error ? error.message : String(error));
      throw error;
    });
  }

  async #port(destination: Destination, index: number): Promise<NetConnectOpts> {
    // -D takes no socket, and Windows' ssh knows none.
    const takesSocket = destination.kind === "host" && this.#needs.process.platform !== "win32";
    if (takesSocket) return { path: join(this.#request.directory, String(index)) };
    return { host: "127.0.0.1", port: await freePort() };
  }

  #arguments(): string[] {
    const forwards = this.#request.destinations.flatMap((destination, index) =>
      forwardWords(destination, this.#ports[index]),
    );
    const options = ["-N", "-T", "-o", "ExitOnForwardFailure=yes", "-o", "StreamLocalBindMask=0177", ...forwards];
    const { proxyCommand } = this.#joinPoint;
    return sshArguments({ options, command: [] }, { ...this.#request.connection, proxyCommand });
  }

  /** ssh listens as soon as it has logged in; it has no other way to tell. */
  async #isListening(signal: AbortSignal): Promise<void> {
    for (const port of this.#ports) {
      while (!(await isThere(port))) await sleep(POLL_MS, this.#needs.clock, signal);
    }
  }

  #hear(line: string): void {
    const reason = OPEN_FAILED.exec(line)?.groups?.["reason"];
    if (reason === undefined) this.#said.push(line);
    else this.#needs.reporter.warn(`the bastion cannot open the connection: ${reason}`);
    this.#needs.reporter.debug(`ssh: ${line}`);
  }

  #sshFailed(status: number | string): UserError {
    const said = this.#said.slice(-5).join("\n");
    return new UserError(`cannot log in to the bastion: ssh has ended with ${status}`, {
      hint: said === "" ? "--debug shows more" : `ssh says: ${said}`,
      exitCode: ExitCode.Unavailable,
    });
  }
}

function forwardWords(destination: Destination, port: NetConnectOpts | undefined): string[] {
  if (port === undefined) return [];
  const local = "path" in port ? port.path : `127.0.0.1:${(port as { port: number }).port}`;
  return destination.kind === "host" ? ["-L", `${local}:${nameOfDestination(destination)}`] : ["-D", local];
}

async function isThere(port: NetConnectOpts): Promise<boolean> {
  if ("path" in port) {
    return access(port.path).then(
      () => true,
      () => false,
    );
  }
  return new Promise((resolve) => {
    const socket = connect(port);
    socket.once("connect", () => {
      resolve(true);
      socket.destroy();
    });
    socket.once("error", () => {
      resolve(false);
    });
  });
}

/** A loopback port that nobody has this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
