// The real ssh, joined by the real ProxyCommand, to an SSH server that stands behind a stream, as a session is one.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex, Transform } from "node:stream";
import { AuthorizedKeys } from "../../../sandbox/instances/authorized-keys.ts";
import { Instances } from "../../../sandbox/instances/instances.ts";
import { KeyAuthorization } from "../../../scripts/bastion/key-authorization.ts";
import type { OpenSession } from "../../../scripts/bastion/open-session.ts";
import { runSshThrough } from "../../../scripts/bastion/run-ssh-through.ts";
import { untilAborted } from "../../../scripts/command/until-aborted.ts";
import { openPipeToSsh } from "../../../scripts/platform/windows.ts";
import { type JoinPoint, openJoinPoint } from "../../../scripts/ssh/join-point.ts";
import { type KeyPair, ephemeralKeyPair } from "../../../scripts/ssh/key-pair.ts";
import { prepareProgram } from "../../../scripts/ssh/launch-ssh.ts";
import { sshArguments } from "../../../scripts/ssh/ssh-arguments.ts";
import { systemClock } from "../../../session-manager/clock.ts";
import type { SessionEnd, StandardStream } from "../../../session-manager/index.ts";

const instanceId = "i-0123456789abcdef0";
const osUser = "ec2-user";

/** A session's stream, as far as ssh's side sees it. */
function asSession(stream: Duplex): { session: OpenSession; end: (end: SessionEnd) => void; isClosed: () => boolean } {
  let end: (end: SessionEnd) => void = () => undefined;
  const ended = new Promise<SessionEnd>((resolve) => (end = resolve));
  stream.once("close", () => {
    end({ reason: "closed", by: "agent" });
  });
  const close = (): Promise<void> => {
    stream.destroy();
    return Promise.resolve();
  };
  const session = { sessionId: "ann-1", stream: Object.assign(stream, { ended }) as unknown as StandardStream, close };
  return { session, end, isClosed: () => stream.destroyed };
}

/** A session whose server speaks late, and that counts what it is sent until then. */
function holdBack(server: Duplex): { opened: ReturnType<typeof asSession>; run: { writtenBeforeFirstWord: number } } {
  const run = { writtenBeforeFirstWord: 0 };
  let hasSpoken = false;
  const fromServer = new Transform({
    transform(chunk, _encoding, callback) {
      systemClock.schedule(hasSpoken ? 0 : 300, () => {
        hasSpoken = true;
        callback(null, chunk);
      });
    },
  });
  const toServer = new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      if (!hasSpoken) run.writtenBeforeFirstWord += chunk.length;
      callback(null, chunk);
    },
  });
  server.pipe(fromServer);
  toServer.pipe(server);
  return { opened: asSession(Duplex.from({ readable: fromServer, writable: toServer })), run };
}

describe("runSshThrough()", () => {
  let sandbox = "";
  let directory = "";
  let instances: Instances;
  const authorizedKeys = new AuthorizedKeys(systemClock);
  beforeAll(() => {
    sandbox = mkdtempSync(join(tmpdir(), "instances-"));
    instances = new Instances({ directory: sandbox, clock: systemClock, authorizedKeys, sshServer: "ssh2" });
  });
  afterAll(async () => {
    await instances.close();
    rmSync(sandbox, { recursive: true });
  });
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "run-"));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  interface Given {
    readonly command: readonly string[];
    /** Gets the signal that says that nobody needs the session any more. */
    readonly opening?: (ending: AbortSignal) => Promise<OpenSession>;
    readonly authorize?: (keyPair: KeyPair) => Promise<void>;
    readonly signal?: AbortSignal;
    readonly joinPoint?: Promise<JoinPoint>;
    /** Where the pipes lie. */
    readonly place?: string;
    readonly options?: readonly string[];
  }

  async function run(given: Given) {
    const warnings: string[] = [];
    const keyPair = ephemeralKeyPair(directory);
    const place = given.place ?? mkdtempSync(join(directory, "join-"));
    const joinPoint = await (given.joinPoint ?? openJoinPoint(place, process));
    const authorize = (): Promise<void> => {
      if (given.authorize !== undefined) return given.authorize(keyPair);
      authorizedKeys.authorize({ instanceId, osUser, publicKey: keyPair.publicKey });
      return Promise.resolve();
    };
    const opened = asSession(await instances.connect(instanceId, 22));
    const words = { options: ["-q", "-F", "none", ...(given.options ?? [])], command: given.command };
    const programArguments = sshArguments(words, {
      instanceId,
      osUser,
      keyPair,
      knownHosts: { path: join(directory, "known_hosts") },
      proxyCommand: joinPoint.proxyCommand,
    });
    const ending = new AbortController();
    const status = runSshThrough(
      {
        joinPoint,
        opening: given.opening?.(ending.signal) ?? Promise.resolve(opened.session),
        ending,
        ssh: (await prepareProgram("ssh", process.platform, systemClock))(programArguments),
        authorization: new KeyAuthorization(authorize, systemClock),
      },
      {
        clock: systemClock,
        signal: given.signal ?? new AbortController().signal,
        reporter: { warn: (text) => warnings.push(text) },
      },
    );
    const outcome = await status.then(
      ({ exitCode, failedAt }) => (failedAt === undefined ? { exitCode } : { exitCode, failedAt }),
      (error: unknown) => ({ error }),
    );
    return { outcome, warnings, opened };
  }

  it("passes the remote command's status on, and leaves neither stream nor process", async () => {
    const { outcome, warnings, opened } = await run({ command: ["exit", "7"] });
    expect(outcome).toEqual({ exitCode: 7 });
    expect(warnings).toEqual([]);
    expect(opened.isClosed()).toBe(true);
    expect(spawnSync("pgrep", ["-f", directory]).stdout.toString()).toBe("");
  });

  it("sends the server nothing before it has spoken", async () => {
    // What the agent gets before it has reached sshd it refuses, and it comes again only after 200 ms.
    const { opened, run: running } = holdBack(await instances.connect(instanceId, 22));
    const { outcome } = await run({ command: ["exit", "7"], opening: () => Promise.resolve(opened.session) });
    expect(outcome).toEqual({ exitCode: 7 });
    expect(running.writtenBeforeFirstWord).toBe(0);
  });

  it("accepts the host key once, under the instance's id", async () => {
    await run({ command: ["true"], options: ["-o", "HashKnownHosts=no"] });
    expect(readFileSync(join(directory, "known_hosts"), "utf8")).toMatch(new RegExp(`^${instanceId} ssh-ed25519 `));
  });

  it("works in a directory whose path has a blank, quotes and a percent sign", async () => {
    const place = join(directory, `it's a "100%h" place`);
    mkdirSync(place);
    const { outcome } = await run({ command: ["exit", "3"], place });
    expect(outcome).toEqual({ exitCode: 3 });
  });

  it("joins ssh as on Windows: a named pipe, and a node that joins it", async () => {
    const joinPoint = openPipeToSsh(process.execPath, join(directory, "pipe"));
    const { outcome, warnings, opened } = await run({ command: ["exit", "5"], joinPoint });
    expect([outcome, warnings, opened.isClosed()]).toEqual([{ exitCode: 5 }, [], true]);
    expect(spawnSync("pgrep", ["-f", directory]).stdout.toString()).toBe("");
  });

  it("authorizes the key though ssh has a time limit of its own", async () => {
    const authorize = async (keyPair: KeyPair): Promise<void> => {
      await new Promise((resolve) =>
        systemClock.schedule(1_500, () => {
          resolve(undefined);
        }),
      );
      authorizedKeys.authorize({ instanceId, osUser, publicKey: keyPair.publicKey });
    };
    const { outcome } = await run({ command: ["exit", "4"], authorize, options: ["-o", "ConnectTimeout=1"] });
    expect(outcome).toEqual({ exitCode: 4 });
  });

  it("fails with what authorizing met, and ends ssh before it can say anything", async () => {
    const authorize = () => Promise.reject(new RangeError("denied"));
    const { outcome, opened } = await run({ command: ["true"], authorize });
    expect(outcome).toMatchObject({ error: { message: "denied" } });
    expect(opened.isClosed()).toBe(true);
  });

  it("fails with what opening the session met, and ends ssh", async () => {
    const opening = () => Promise.reject<OpenSession>(new RangeError("no session"));
    const { outcome } = await run({ command: ["true"], opening });
    expect(outcome).toMatchObject({ error: { message: "no session" } });
  });

  it("passes ssh's own status when ssh does not even connect, and calls off the opening of the session", async () => {
    const { outcome } = await run({
      command: [],
      options: ["-o", "NoSuchOption=1"],
      opening: (ending) => untilAborted(new Promise(() => undefined), ending),
    });
    expect(outcome).toEqual({ exitCode: 255, failedAt: "hello" });
  });

  it("tells that the key was not accepted", async () => {
    const { outcome } = await run({ command: ["true"], authorize: () => Promise.resolve() });
    expect(outcome).toEqual({ exitCode: 255, failedAt: "login" });
  });

  it("tells that the host key was not accepted", async () => {
    const other = "AAAAC3NzaC1lZDI1NTE5AAAAINdWTrZRN1+pL3BRHZMT+7aOT0L/Zd3oqJS+s0du6ZUL";
    writeFileSync(join(directory, "known_hosts"), `${instanceId} ssh-ed25519 ${other}\n`);
    const { outcome } = await run({ command: ["true"] });
    expect(outcome).toEqual({ exitCode: 255, failedAt: "exchange" });
  });

  it("does not take a remote command's own 255 for a login that failed", async () => {
    const { outcome } = await run({ command: ["exit", "255"] });
    expect(outcome).toEqual({ exitCode: 255, failedAt: "session" });
  });

  it("ends ssh with the signal, and fails with its reason", async () => {
    const controller = new AbortController();
    const authorize = (keyPair: KeyPair): Promise<void> => {
      authorizedKeys.authorize({ instanceId, osUser, publicKey: keyPair.publicKey });
      systemClock.schedule(300, () => {
        controller.abort(new RangeError("ended by SIGTERM"));
      });
      return Promise.resolve();
    };
    const { outcome } = await run({ command: ["sleep", "60"], authorize, signal: controller.signal });
    expect(outcome).toMatchObject({ error: { message: "ended by SIGTERM" } });
    expect(spawnSync("pgrep", ["-f", directory]).stdout.toString()).toBe("");
  });

  it("says why when the session ends before ssh does", async () => {
    const stream = await instances.connect(instanceId, 22);
    const { session, end } = asSession(stream);
    const authorize = (keyPair: KeyPair): Promise<void> => {
      authorizedKeys.authorize({ instanceId, osUser, publicKey: keyPair.publicKey });
      systemClock.schedule(300, () => {
        end({ reason: "timed out due to inactivity", by: "agent" });
        stream.destroy();
      });
      return Promise.resolve();
    };
    const { outcome, warnings } = await run({
      command: ["sleep", "60"],
      authorize,
      opening: () => Promise.resolve(session),
    });
    expect(outcome).toEqual({ exitCode: 255 });
    expect(warnings[0]).toBe("the session has ended: timed out due to inactivity");
  });
});
