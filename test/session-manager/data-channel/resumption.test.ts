// A session that outlives its connection.
import { beforeEach, describe, expect, it } from "@jest/globals";
import { ConnectionError } from "../../../session-manager/data-channel/connection-error.ts";
import { DataChannel } from "../../../session-manager/data-channel/data-channel.ts";
import { RESUME_DELAYS_MS } from "../../../session-manager/data-channel/resumption.ts";
import type { ResumeSession } from "../../../session-manager/data-channel/resumption.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import * as agent from "../agent-messages.ts";
import { FakeNetwork } from "../fake-network.ts";

const ticketOf = (count: number) => ({
  sessionId: "user-0123456789abcdef0",
  streamUrl: `wss://service.example/${count}`,
  tokenValue: `secret-${count}`,
});
const lost = new ConnectionError("CONNECTION_LOST", "connection lost: websocket closed with 1000 Bye");
const wholeBudgetMs = 2 * RESUME_DELAYS_MS.reduce((sum, delayMs) => sum + delayMs, 0);

let clock: FakeClock;
let network: FakeNetwork;
let channel: DataChannel;
let told: string[];
let asked: string[];

const resumeWith =
  (answer: (count: number) => ReturnType<ResumeSession>): ResumeSession =>
  (sessionId) => {
    asked.push(sessionId);
    return answer(asked.length);
  };
const always = resumeWith((count) => Promise.resolve(ticketOf(count)));

async function openChannel(resume: ResumeSession): Promise<void> {
  channel = new DataChannel({
    ticket: ticketOf(0),
    clock,
    openTransport: network.openTransport,
    clientVersion: "1.2.764.0",
    resume,
    onEvent: (event) => {
      if (event.type === "state") told.push(event.to);
    },
    accept: () => ({
      onPayload: (_, payload) => told.push(Buffer.from(payload).toString()),
      onRoom: () => told.push("room"),
      onEnd: (end, error) =>
        told.push(`end by ${end.by}`, error instanceof ConnectionError ? error.code : String(error)),
    }),
  });
  const opened = channel.open();
  await clock.advance(0);
  network.connection.receive(agent.handshakeRequest(), agent.acknowledgement(0), agent.handshakeComplete());
  await opened;
  network.connection.takeSent();
  told.length = 0;
}

beforeEach(() => {
  clock = new FakeClock();
  network = new FakeNetwork();
  told = [];
  asked = [];
});

describe("a lost connection", () => {
  it("is replaced at once, by the URL and token that the service returns", async () => {
    await openChannel(always);
    const first = network.connection;
    first.lose(lost);
    await clock.advance(0);
    expect([asked, told]).toEqual([["user-0123456789abcdef0"], ["resuming", "established"]]);
    expect([network.connection.streamUrl, network.connection.texts[0]]).toEqual([
      "wss://service.example/1",
      expect.stringContaining('"TokenValue":"secret-1"'),
    ]);
  });

  it("keeps the client's id", async () => {
    await openChannel(always);
    network.connection.lose(lost);
    await clock.advance(0);
    const ids = network.connections.map(({ texts }) => (JSON.parse(texts.join()) as { ClientId: string }).ClientId);
    expect(ids[0]).toBe(ids[1]);
  });

  it("costs no byte: what is unacknowledged is sent again at once, oldest first, and no handshake is made", async () => {
    await openChannel(always);
    for (const text of ["a", "b", "c"]) channel.send(1, Buffer.from(text));
    network.connection.receive(agent.acknowledgement(2));
    network.connection.lose(lost);
    await clock.advance(0);
    channel.send(1, Buffer.from("d"));
    expect(network.connection.takeSent()).toEqual(['1 type 1 "a"', '3 type 1 "c"', '4 type 1 "d"']);
  });

  it("goes on with the agent's numbers", async () => {
    await openChannel(always);
    network.connection.receive(agent.output(2, "a"));
    network.connection.lose(lost);
    await clock.advance(0);
    network.connection.receive(agent.output(2, "a"), agent.output(3, "b"));
    expect(network.connection.takeSent()).toEqual(["ack 2", "ack 3"]);
    expect(told).toEqual(["a", "resuming", "established", "b"]);
  });

  it("leaves no room meanwhile, and tells when there is room again", async () => {
    await openChannel(resumeWith(async (count) => (count === 1 ? Promise.reject(lost) : ticketOf(count))));
    network.connection.lose(lost);
    await clock.advance(0);
    expect(channel.hasRoom).toBe(false);
    await clock.advance(1000);
    expect(told).toEqual(["resuming", "established", "room"]);
  });

  it("stays paused for a reader that was paused before", async () => {
    await openChannel(always);
    channel.pauseReading();
    network.connection.lose(lost);
    await clock.advance(0);
    expect(network.connection.isPaused).toBe(true);
  });

  it("during the handshake leads back into the handshake", async () => {
    channel = new DataChannel({
      ticket: ticketOf(0),
      clock,
      openTransport: network.openTransport,
      clientVersion: "1.2.764.0",
      resume: always,
      accept: () => ({ onPayload: () => undefined, onRoom: () => undefined, onEnd: () => undefined }),
    });
    const opened = channel.open();
    await clock.advance(0);
    network.connection.receive(agent.handshakeRequest());
    network.connection.lose(lost);
    await clock.advance(0);
    expect(network.connection.takeSent()[0]).toMatch(/^0 type 6/);
    network.connection.receive(agent.handshakeComplete());
    await expect(opened).resolves.toBeUndefined();
  });
});

describe("resuming", () => {
  it("is tried for about 100 s, and then fails with RESUME_BUDGET_SPENT", async () => {
    await openChannel(resumeWith(() => Promise.reject(new Error("no network"))));
    network.connection.lose(lost);
    await clock.advance(wholeBudgetMs);
    expect(asked).toHaveLength(1 + RESUME_DELAYS_MS.length);
    expect(told).toEqual(["resuming", "closed", "end by connection", "RESUME_BUDGET_SPENT"]);
    expect(clock.pending).toBe(0);
  });

  it("counts a websocket that cannot be opened as an attempt", async () => {
    await openChannel(always);
    network.refusals = [lost, lost];
    network.connection.lose(lost);
    await clock.advance(wholeBudgetMs);
    expect([asked.length, told.at(-1)]).toEqual([3, "established"]);
  });

  it("does not start its waits anew for connections that break before anything is heard", async () => {
    await openChannel(always);
    for (let count = 0; count <= RESUME_DELAYS_MS.length + 1; count += 1) {
      network.connection.lose(lost);
      await clock.advance(20_000);
    }
    expect([asked.length, told.at(-1)]).toEqual([1 + RESUME_DELAYS_MS.length, "RESUME_BUDGET_SPENT"]);
  });

  it("has its whole budget again once something was heard", async () => {
    await openChannel(always);
    for (let count = 0; count < 50; count += 1) {
      network.connection.lose(lost);
      await clock.advance(0);
      network.connection.receive(agent.control("start_publication"));
    }
    expect([asked.length, told.at(-1)]).toEqual([50, "established"]);
  });

  it("ends with RESUME_REFUSED as soon as the service says that the session is over", async () => {
    await openChannel(resumeWith(() => Promise.resolve(undefined)));
    network.connection.lose(lost);
    await clock.advance(0);
    expect(told).toEqual(["resuming", "closed", "end by connection", "RESUME_REFUSED"]);
    expect(asked).toHaveLength(1);
  });

  it("stops when the session is ended meanwhile, and no timer stays", async () => {
    await openChannel(resumeWith(() => Promise.reject(lost)));
    network.connection.lose(lost);
    await clock.advance(1000);
    await channel.terminate(true);
    await clock.advance(wholeBudgetMs);
    expect([told.slice(-2), clock.pending]).toEqual([["end by client", "undefined"], 0]);
  });

  it("closes a connection that opens after the session was ended", async () => {
    const answers: ((ticket: ReturnType<typeof ticketOf>) => void)[] = [];
    await openChannel(resumeWith(() => new Promise((resolve) => answers.push(resolve))));
    network.connection.lose(lost);
    await clock.advance(0);
    await channel.terminate(true);
    answers[0]?.(ticketOf(1));
    await clock.advance(0);
    expect(network.connections.slice(1).every(({ isClosed }) => isClosed)).toBe(true);
  });

  it("waits longer each time, give or take a quarter", async () => {
    const times: number[] = [];
    await openChannel(
      resumeWith(() => {
        times.push(clock.now());
        return Promise.reject(lost);
      }),
    );
    network.connection.lose(lost);
    await clock.advance(wholeBudgetMs);
    const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    waits.forEach((waitMs, index) => {
      expect(Math.abs(waitMs / (RESUME_DELAYS_MS[index] ?? 0) - 1)).toBeLessThanOrEqual(0.26);
    });
  });
});
