// How a tunnel outlives its sessions.
import { PassThrough, type Duplex } from "node:stream";
import { beforeEach, describe, expect, it } from "@jest/globals";
import type { Carrier } from "../../../scripts/tunnel/carrier.ts";
import { SteadyCarrier } from "../../../scripts/tunnel/steady-carrier.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

const RENEW_AFTER_MS = 55 * 60_000;

class TestCarrier implements Carrier {
  readonly ended: Promise<string>;
  readonly connections: Duplex[] = [];
  closes = 0;
  end: (reason: string) => void = () => undefined;
  isBroken = false;

  constructor() {
    this.ended = new Promise((resolve) => (this.end = resolve));
  }

  connect(): Promise<Duplex> {
    if (this.isBroken) return Promise.reject(new Error("ECONNREFUSED"));
    const connection = new PassThrough();
    this.connections.push(connection);
    return Promise.resolve(connection);
  }

  close(): Promise<void> {
    this.closes += 1;
    this.end("it was closed");
    return Promise.resolve();
  }
}

let clock: FakeClock;
let carriers: TestCarrier[];
let said: string[];
/** What opening the next carriers meets; without one they open. */
let failures: Error[];
const never = new AbortController().signal;

beforeEach(() => {
  clock = new FakeClock();
  carriers = [];
  said = [];
  failures = [];
});

function open(signal = never): Promise<SteadyCarrier> {
  const tell = (text: string): void => void said.push(text);
  return SteadyCarrier.open({
    open: () => {
      const failure = failures.shift();
      if (failure !== undefined) return Promise.reject(failure);
      const carrier = new TestCarrier();
      carriers.push(carrier);
      return Promise.resolve(carrier);
    },
    clock,
    signal,
    reporter: { say: tell, warn: tell, debug: () => undefined },
    renewAfterMs: RENEW_AFTER_MS,
  });
}

describe("SteadyCarrier", () => {
  it("fails with what opening the first carrier meets", async () => {
    failures = [new Error("denied")];
    await expect(open()).rejects.toThrow("denied");
  });

  it("opens the next carrier when one ends, says so, and serves new connections on it", async () => {
    const steady = await open();
    carriers[0]?.end("an administrator has ended it");
    await clock.advance(0);
    await steady.connect(0, never);
    expect(carriers[1]?.connections).toHaveLength(1);
    expect(said).toEqual([
      "the tunnel's session has ended: an administrator has ended it; opening a new one",
      "the tunnel is up again",
    ]);
    await steady.close();
    expect(clock.pending).toBe(0);
  });

  it("keeps a connection that is made meanwhile, and tries again for as long as it takes", async () => {
    const steady = await open();
    failures = Array.from({ length: 30 }, () => new Error("AWS cannot be reached"));
    carriers[0]?.end("the connection was lost");
    const connecting = steady.connect(0, never);
    await clock.advance(10 * 60_000); // a laptop that sleeps
    expect(carriers).toHaveLength(1);
    await clock.advance(10 * 60_000);
    await expect(connecting).resolves.toBeDefined();
    expect(said.filter((line) => line.includes("AWS cannot be reached"))).toHaveLength(1);
    await steady.close();
  });

  it("asks the next carrier when a connection finds out first that one has ended", async () => {
    const steady = await open();
    const [first] = carriers;
    if (first === undefined) throw new TypeError("there is no carrier");
    first.isBroken = true;
    const connecting = steady.connect(0, never);
    first.end("ssh has ended with 255");
    await clock.advance(0);
    await connecting;
    expect(carriers[1]?.connections).toHaveLength(1);
    await steady.close();
  });

  it("fails with what a carrier met that goes on", async () => {
    const steady = await open();
    if (carriers[0] !== undefined) carriers[0].isBroken = true;
    await expect(steady.connect(0, never)).rejects.toThrow("ECONNREFUSED");
    await steady.close();
  });

  it("lets a connection go whose client has gone", async () => {
    const steady = await open();
    failures = [new Error("offline")];
    carriers[0]?.end("lost");
    await clock.advance(0);
    const client = new AbortController();
    const connecting = steady.connect(0, client.signal);
    client.abort(new Error("gone"));
    await expect(connecting).rejects.toThrow("gone");
    await steady.close();
  });

  it("makes the next carrier before the first is an hour old, and ends that one with its last connection", async () => {
    const steady = await open();
    const old = await steady.connect(0, never);
    await clock.advance(RENEW_AFTER_MS);
    expect([carriers.length, carriers[0]?.closes]).toEqual([2, 0]);
    await steady.connect(0, never);
    expect(carriers[1]?.connections).toHaveLength(1);
    old.destroy();
    await clock.advance(0);
    expect(carriers[0]?.closes).toBeGreaterThan(0);
    expect(said).toEqual(["a new session serves new connections; those that are open stay on the old one"]);
    await steady.close();
  });

  it("stays on the old carrier when the new one cannot be made", async () => {
    const steady = await open();
    failures = [new Error("offline")];
    await clock.advance(RENEW_AFTER_MS);
    await steady.connect(0, never);
    expect(carriers).toHaveLength(1);
    await steady.close();
  });

  it("waits, when it is closed, for a carrier that has ended by itself and is still being closed", async () => {
    const steady = await open();
    const [first] = carriers;
    if (first === undefined) throw new TypeError("there is no carrier");
    let finish = (): void => undefined;
    const terminating = new Promise<void>((resolve) => (finish = resolve));
    first.close = () => terminating;
    first.end("the signal has ended the session");
    await clock.advance(0);
    const order: string[] = [];
    const closing = steady.close().then(() => order.push("closed"));
    await clock.advance(0);
    order.push("terminated");
    finish();
    await closing;
    expect(order).toEqual(["terminated", "closed"]);
  });

  it("opens nothing any more once it is closed", async () => {
    const steady = await open();
    await steady.close();
    await clock.advance(60 * 60_000);
    expect(carriers).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });
});
