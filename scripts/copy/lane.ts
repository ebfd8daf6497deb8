// A lane: one session, and on it one ssh that has logged in, over which scripts run on the bastion.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { access } from "node:fs/promises";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { type Clock, sleep } from "../../session-manager/clock.ts";
import { carrySsh } from "../bastion/carry-ssh.ts";
import type { KeyAuthorization } from "../bastion/key-authorization.ts";
import type { OpenSession } from "../bastion/open-session.ts";
import { errorCode } from "../errors/error-code.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { UserError } from "../errors/user-error.ts";
import { type JoinPoint, type JoiningProcess, openJoinPoint } from "../ssh/join-point.ts";
import { INSTALL_OPENSSH } from "../ssh/launch-ssh.ts";
import { shellQuote } from "../ssh/shell-quote.ts";
import { type SshConnection, sshArguments } from "../ssh/ssh-arguments.ts";

export interface LaneRequest {
  /** Private; made, and gone when the lane is closed. */
  readonly directory: string;
  readonly connection: Omit<SshConnection, "proxyCommand">;
  readonly authorization: KeyAuthorization;
  /** Opens the session to sshd; its signal ends it, open or not. */
  openSession(signal: AbortSignal): Promise<OpenSession>;
}

export interface LaneNeeds {
  readonly process: JoiningProcess;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** A script that runs on the bastion. */
export interface RemoteRun {
  readonly input: Writable;
  readonly output: Readable;
  /** Its exit status and what it said on standard error, foreign text, once it has ended. */
  readonly ended: Promise<{ readonly status: number; readonly said: string }>;
}

/** The name of ssh's socket; relative, since the path of one must be short. */
const CONTROL_SOCKET = "c";
const POLL_MS = 15;
const PATIENCE_MS = 2_000;
/** Enough for what a program has to say about its end. */
const MAX_SAID_CHARACTERS = 4_000;

type Ssh = ChildProcessByStdio<Writable, Readable, Readable>;

/** Open until it is closed, or its session or ssh ends. */
export class Lane {
  readonly #request: LaneRequest;
  readonly #joinPoint: JoinPoint;
  readonly #clock: Clock;
  readonly #ending = new AbortController();
  readonly #running = new Set<Ssh>();
  #ssh: Ssh | undefined;
  #session: Promise<OpenSession> | undefined;
  #isLost = false;

  private constructor(request: LaneRequest, joinPoint: JoinPoint, clock: Clock) {
    this.#request = request;
    this.#joinPoint = joinPoint;
    this.#clock = clock;
  }

  /**
   * Opens the session and ssh on it; resolves when ssh has logged in.
   *
   * @throws UserError for what a person can act on, or the signal's reason
   */
  static async open(request: LaneRequest, { clock, signal, process }: LaneNeeds): Promise<Lane> {
    mkdirSync(request.directory, { mode: 0o700 });
    const lane = new Lane(request, await openJoinPoint(request.directory, process), clock);
    try {
      await lane.#start(signal);
      return lane;
    } catch (error) {
      await lane.close();
      throw error;
    }
  }

  /** Whether its session or its ssh has ended: nothing will run on it any more. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Runs the script, a constant of ours, by sh(1), with the words as its arguments. */
  run(script: string, words: readonly string[]): RemoteRun {
    const command = ["exec", "env", "LC_ALL=C", "sh", "-c", script, "copy", ...words].map(shellQuote).join(" ");
    // Without its master ssh would look for a host of the instance's name.
    const settings = ["ControlMaster=no", "ProxyCommand=false", "BatchMode=yes"].flatMap((word) => ["-o", word]);
    const ssh = this.#spawn(["-F", "none", "-T", "-S", CONTROL_SOCKET, ...settings, "--", this.#instanceId, command]);
    ssh.stdin.on("error", () => undefined); // it has ended without reading all, and says why
    this.#running.add(ssh);
    const said = collected(ssh.stderr);
    const ended = statusOf(ssh).then((status) => {
      this.#running.delete(ssh);
      return { status, said: said() };
    });
    return { input: ssh.stdin, output: ssh.stdout, ended };
  }

  async close(): Promise<void> {
    this.#isLost = true;
    for (const ssh of this.#running) ssh.kill("SIGKILL");
    if (this.#ssh !== undefined) await stop(this.#ssh, this.#clock);
    this.#ending.abort();
    this.#joinPoint.close();
    await this.#session?.then((session) => session.close()).catch(() => undefined);
    rmSync(this.#request.directory, { recursive: true, force: true });
  }

  get #instanceId(): string {
    return this.#request.connection.instanceId;
  }

  async #start(signal: AbortSignal): Promise<void> {
    const signals = AbortSignal.any([signal, this.#ending.signal]);
    this.#session = this.#request.openSession(signals);
    const failing = this.#carry(this.#session); // heard before anything else is awaited
    failing.catch(() => (this.#isLost = true));
    const options = ["-M", "-N", "-T", "-S", CONTROL_SOCKET];
    const { proxyCommand } = this.#joinPoint;
    const master = this.#spawn(sshArguments({ options, command: [] }, { ...this.#request.connection, proxyCommand }));
    this.#ssh = master;
    const said = collected(master.stderr);
    const leaving = statusOf(master).then((status) => {
      this.#isLost = true;
      throw loginFailed(status, said());
    });
    await Promise.race([this.#hasLoggedIn(signals), failing, leaving]);
    leaving.catch(() => undefined);
  }

  /** Rejects when the session cannot be opened or the key not be authorized; never resolves. */
  async #carry(opening: Promise<OpenSession>): Promise<never> {
    const { stream } = await opening;
    void stream.ended.then(() => {
      this.#isLost = true;
      // Without its session ssh would wait for words that never come, logged in or not.
      for (const ssh of [...this.#running, this.#ssh]) ssh?.kill("SIGKILL");
    });
    const { fromSsh, toSsh } = this.#joinPoint;
    return carrySsh({ fromSsh, toSsh, stream, authorization: this.#request.authorization, clock: this.#clock });
  }

  /** ssh makes its socket as soon as it has logged in; it has no other way to tell. */
  async #hasLoggedIn(signal: AbortSignal): Promise<void> {
    const socket = join(this.#request.directory, CONTROL_SOCKET);
    while (!(await isThere(socket))) await sleep(POLL_MS, this.#clock, signal);
  }

  #spawn(words: readonly string[]): Ssh {
    // Groups of their own: Ctrl-C is for us, who end them in order.
    return spawn("ssh", words, { cwd: this.#request.directory, stdio: ["pipe", "pipe", "pipe"], detached: true });
  }
}

function collected(stream: Readable): () => string {
  let text = "";
  stream.setEncoding("utf8").on("data", (chunk: string) => (text = `${text}${chunk}`.slice(-MAX_SAID_CHARACTERS)));
  return () => text.trim();
}

/** @throws UserError (69) when there is no ssh */
function statusOf(ssh: Ssh): Promise<number> {
  return new Promise((resolve, reject) => {
    ssh.once("close", (status) => {
      resolve(status ?? 255);
    });
    ssh.once("error", (cause) => {
      const met = errorCode(cause) === "ENOENT" ? "it is not on the PATH" : cause.message;
      reject(
        new UserError(`cannot start ssh: ${met}`, { hint: INSTALL_OPENSSH, exitCode: ExitCode.Unavailable, cause }),
      );
    });
  });
}

async function stop(ssh: Ssh, clock: Clock): Promise<void> {
  if (ssh.exitCode !== null || ssh.signalCode !== null || ssh.pid === undefined) return;
  // Not its "close": the ProxyCommand holds its standard error until the join point is closed.
  const ended = new Promise((resolve) => ssh.once("exit", resolve));
  ssh.kill("SIGTERM");
  const cancel = clock.schedule(PATIENCE_MS, () => ssh.kill("SIGKILL"));
  await ended;
  cancel();
}

function loginFailed(status: number, said: string): UserError {
  return new UserError(`cannot log in to the bastion: ssh has ended with ${status}`, {
    hint: said === "" ? "--debug shows more" : `ssh says: ${said}`,
    exitCode: ExitCode.Unavailable,
  });
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
