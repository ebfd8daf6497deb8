// Every named fault of the agent, met by the real client over a websocket on loopback.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Faults } from "../../../sandbox/faults.ts";
import { joinedStreams } from "../../../sandbox/instances/joined-streams.ts";
import { startLoneGateway, type LoneGateway } from "../../../sandbox/services/lone-gateway.ts";
import { openStandardStream, type SessionEvent, type StandardStream } from "../../../session-manager/index.ts";
import { QuickClock } from "../../harness/quick-clock.ts";
import { until } from "./agent-bench.ts";

/** Ten times as fast: a silent peer is given up after 4.5 s at most. More would make limits of a busy computer's pauses. */
const clock = new QuickClock(10);

let gateway: LoneGateway;
let dialed: Promise<Duplex>;
let onDial: (port: Duplex) => void;
let port: Duplex;
let stream: StandardStream;
let events: SessionEvent[];

beforeEach(async () => {
  events = [];
  dialed = new Promise((resolve) => {
    onDial = resolve;
  });
  gateway = await startLoneGateway({
    clock,
    dial: () => {
      const [near, far] = joinedStreams();
      onDial(far);
      return Promise.resolve(near);
    },
  });
});

afterEach(async () => {
  stream.destroy();
  await gateway.close();
});

async function open(): Promise<void> {
  const heard = events; // of this session, whichever test is on when it ends
  stream = await openStandardStream({
    ticket: gateway.startSession("AWS-StartSSHSession", { portNumber: ["22"] }),
    clock,
    signUpgrade: () => Promise.resolve({}),
    resume: (sessionId) => gateway.resumeSession(sessionId),
    onEvent: (event) => heard.push(event),
  });
  port = await dialed;
}

async function collect(from: Duplex, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let received = 0;
  for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    received += chunk.length;
    if (received >= length) break;
  }
  return Buffer.concat(chunks);
}

/** Sends so many bytes each way at the same time; true if both arrived as they were sent. */
async function exchange(length: number): Promise<boolean> {
  const [upload, download] = [randomBytes(length), randomBytes(length)];
  stream.write(upload);
  port.write(download);
  const [uploaded, downloaded] = await Promise.all([collect(port, length), collect(stream, length)]);
  return uploaded.equals(upload) && downloaded.equals(download);
}

/** An agent that waits for an acknowledgement sends again and again, and whatever is heard is a sign of life. */
async function everythingAcknowledged(): Promise<void> {
  stream.write("after the client's acknowledgements");
  await collect(port, 1);
}

/** How the first connection was lost. */
const lossDetail = (): string | undefined => events.find((event) => event.type === "resume-attempt")?.detail;

const states = (): string[] => events.flatMap((event) => (event.type === "state" ? [event.to] : []));

const told = (type: SessionEvent["type"]): boolean => events.some((event) => event.type === type);

describe("faults of messages", () => {
  it.each<[string, Partial<Faults["toAgent"]>, SessionEvent["type"] | undefined]>([
    ["drop", { drop: 0.1 }, "messages-resent"],
    ["duplicate", { duplicate: 0.5 }, undefined],
    ["reorder", { reorder: 0.5 }, undefined],
    ["delay", { delay: 0.1, delayMs: 400 }, undefined],
    ["corrupt", { corrupt: 0.1 }, "message-ignored"],
    ["dropAcknowledgements", { dropAcknowledgements: 0.3 }, "messages-resent"],
    ["all of them", { drop: 0.03, duplicate: 0.1, reorder: 0.1, delay: 0.05, delayMs: 300, corrupt: 0.03 }, undefined],
  ])("%s: both directions' bytes arrive whole, in order, once", async (_name, faults, event) => {
    Object.assign(gateway.faults.toAgent, faults);
    Object.assign(gateway.faults.toClient, faults);
    await open();
    expect(await exchange(150_000)).toBe(true);
    await until(() => event === undefined || told(event)); // what was lost may be sent again after the last byte only
  });
});

describe("faults of the websocket", () => {
  it("closeSocketAfterBytes: the session goes on over one websocket after the other", async () => {
    await open();
    gateway.faults.closeSocketAfterBytes = 40_000;
    expect(await exchange(300_000)).toBe(true);
    expect(events.filter(({ type }) => type === "resume-attempt").length).toBeGreaterThan(5);
  });

  it("closeSocketAtMinute: the session outlives its websocket", async () => {
    await open();
    gateway.faults.closeSocketAtMinute = 0.05;
    await until(() => told("resume-attempt"));
    gateway.faults.closeSocketAtMinute = undefined;
    expect(lossDetail()).toBe("connection lost: websocket closed with 1000 Bye");
    expect(await exchange(10_000)).toBe(true);
  });

  it.each(["stopReading", "stopPonging"] as const)(
    "%s: is noticed within 45 s, and the session goes on",
    async (fault) => {
      await open();
      await everythingAcknowledged();
      const startMs = clock.now();
      gateway.faults[fault] = true;
      await until(() => told("resume-attempt"));
      gateway.faults[fault] = false;
      expect(clock.now() - startMs).toBeLessThan(60_000); // 45 s, and what a busy computer adds to a clock this quick
      expect(lossDetail()).toBe("connection lost: the service answers no ping");
      expect(await exchange(10_000)).toBe(true);
    },
  );

  it("refuseResume: the stream fails with RESUME_REFUSED", async () => {
    await open();
    gateway.faults.refuseResume = true;
    gateway.faults.closeSocketAfterBytes = 1;
    const failure = once(stream, "error");
    stream.write("the last words");
    expect((await failure)[0]).toMatchObject({ name: "ConnectionError", code: "RESUME_REFUSED" });
    await expect(stream.ended).resolves.toMatchObject({ by: "connection" });
  });
});

describe("faults of the agent", () => {
  it("pausePublication: the client pauses, goes on with the agent's next word, and loses nothing", async () => {
    await open();
    gateway.faults.pausePublication = true;
    await until(() => states().includes("paused"));
    expect(await exchange(100_000)).toBe(true);
    gateway.faults.pausePublication = false;
    expect(states()).toEqual(["handshaking", "established", "paused", "established"]);
  });

  it("outputIntervalMs: output comes at the pace of the real agent, a message each ms", async () => {
    await open();
    gateway.faults.outputIntervalMs = 1;
    const download = randomBytes(300 * 1024);
    const startMs = clock.now();
    port.write(download);
    expect((await collect(stream, download.length)).equals(download)).toBe(true);
    expect(clock.now() - startMs).toBeGreaterThan(300 - 2 * 20); // messages, less two bursts
  });
});
