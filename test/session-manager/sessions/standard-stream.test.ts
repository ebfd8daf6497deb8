// A session as a stream: back-pressure both ways, its ends, and bytes that nobody touches.
import { once } from "node:events";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { ConnectionError } from "../../../session-manager/data-channel/connection-error.ts";
import { DataChannel } from "../../../session-manager/data-channel/data-channel.ts";
import { QUIET_AFTER_END_MS, StandardStream } from "../../../session-manager/sessions/standard-stream.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import * as agent from "../agent-messages.ts";
import { FakeNetwork } from "../fake-network.ts";

const flag = 'type 10 "\\u0000\\u0000\\u0000\\u0002"';
const lost = new ConnectionError("CONNECTION_LOST", "connection lost: websocket closed with 1006");

let clock: FakeClock;
let network: FakeNetwork;
let stream: StandardStream;

async function open(agentVersion = "3.3.987.0", action = agent.portAction): Promise<void> {
  const channel = new DataChannel({
    ticket: { sessionId: "user-0123456789abcdef0", streamUrl: "wss://service.example/1", tokenValue: "secret" },
    clock,
    openTransport: network.openTransport,
    clientVersion: "1.2.764.0",
    accept: (opened, outcome) => (stream = new StandardStream(opened, outcome, clock)),
  });
  const opened = channel.open();
  await clock.advance(0);
  network.connection.receive(
    agent.handshakeRequest([action], agentVersion),
    agent.acknowledgement(0),
    agent.handshakeComplete(),
  );
  await opened;
  network.connection.takeSent();
}

const text = (size: number): Buffer => Buffer.alloc(size, "x");

beforeEach(() => {
  clock = new FakeClock();
  network = new FakeNetwork();
});

describe("opening", () => {
  it("fails with SESSION_TYPE_UNEXPECTED for a shell", async () => {
    const shell = { actionType: "SessionType", actionParameters: { SessionType: "Standard_Stream", Properties: null } };
    await expect(open("3.3.987.0", shell)).rejects.toMatchObject({ code: "SESSION_TYPE_UNEXPECTED" });
  });
});

describe("writing", () => {
  it("sends messages of at most 1,024 bytes", async () => {
    await open();
    stream.write(text(2500));
    expect(network.connection.sent.map((bytes) => bytes.length - 120)).toEqual([1024, 1024, 452]);
  });

  it("leaves a lone line feed a line feed, where session-manager-plugin makes it a carriage return", async () => {
    await open();
    stream.write("\n");
    stream.write(Buffer.from([0x0a]));
    expect(network.connection.takeSent()).toEqual(['1 type 1 "\\n"', '2 type 1 "\\n"']);
  });

  it("waits when the window is full, and goes on with acknowledgements", async () => {
    await open();
    stream.write(text(256 * 1024));
    const sent = network.connection.sent.length;
    expect(sent).toBeLessThan(64);
    network.connection.receive(agent.acknowledgement(1), agent.acknowledgement(2));
    expect(network.connection.sent.length).toBeGreaterThanOrEqual(sent + 2);
  });

  it("holds the writer back until the agent acknowledges", async () => {
    await open();
    expect(stream.write(text(128 * 1024))).toBe(false);
    let isDrained = false;
    stream.once("drain", () => (isDrained = true));
    for (let number = 1; number <= 128; number += 1) {
      expect(isDrained).toBe(false);
      await clock.advance(0);
      network.connection.receive(agent.acknowledgement(number));
      if (network.connection.sent.length === 128) break;
    }
    await clock.advance(0);
    expect(isDrained).toBe(true);
  });

  it("puts small pieces that had to wait together", async () => {
    await open();
    stream.write(text(128 * 1024));
    for (let count = 0; count < 100; count += 1) stream.write("ab");
    for (let number = 1; number <= 128; number += 1) network.connection.receive(agent.acknowledgement(number));
    await clock.advance(0);
    expect(network.connection.takeSent().at(-1)).toBe(`129 type 1 "${"ab".repeat(100)}"`);
  });
});

describe("reading", () => {
  it("gives the agent's output, and nothing else", async () => {
    await open();
    network.connection.receive(agent.output(2, "SSH-"), agent.output(3, "?", 11), agent.output(4, "2.0"));
    expect(String(stream.read())).toBe("SSH-2.0");
  });

  it("stops reading the connection when 1 MiB waits for the reader, and loses nothing", async () => {
    await open();
    for (let number = 2; number < 2 + 1024; number += 1) {
      expect(network.connection.isPaused).toBe(false);
      network.connection.receive(agent.output(number, text(1024)));
    }
    expect(network.connection.isPaused).toBe(true);
    network.connection.receive(agent.output(1026, "late")); // was on its way already
    const received: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => received.push(chunk));
    await clock.advance(0);
    expect(network.connection.isPaused).toBe(false);
    expect(Buffer.concat(received).length).toBe(1024 * 1024 + 4);
  });
});

describe("the other side's end", () => {
  it("ends the stream behind its last byte", async () => {
    await open();
    network.connection.receive(agent.output(2, "bye"), agent.channelClosed());
    const received: string[] = [];
    stream.on("data", (chunk: Buffer) => received.push(chunk.toString()));
    await once(stream, "close");
    expect([received, stream.errored]).toEqual([["bye"], null]);
    await expect(stream.ended).resolves.toMatchObject({ by: "agent" });
  });

  it("is an error for bytes that were not sent yet, once all that came is read", async () => {
    await open();
    const failures: unknown[] = [];
    const received: string[] = [];
    stream.on("error", (error) => failures.push(error.message));
    stream.write(text(128 * 1024));
    network.connection.receive(agent.output(2, "bye"), agent.channelClosed("server closed"));
    await clock.advance(0);
    expect(failures).toEqual([]);
    stream.on("data", (chunk: Buffer) => received.push(chunk.toString()));
    await clock.advance(0);
    expect([received, failures]).toEqual([["bye"], ["session has ended: server closed"]]);
  });

  it("fails the stream when the connection is lost", async () => {
    await open();
    const failure = once(stream, "error");
    network.connection.lose(lost);
    expect(await failure).toEqual([lost]);
    await expect(stream.ended).resolves.toMatchObject({ by: "connection" });
  });
});

describe("end()", () => {
  it("keeps receiving until the agent has been quiet for 5 s, and then ends the session", async () => {
    await open();
    const received: string[] = [];
    stream.on("data", (chunk: Buffer) => received.push(chunk.toString()));
    stream.end("question");
    network.connection.receive(agent.acknowledgement(1));
    await clock.advance(QUIET_AFTER_END_MS - 1);
    network.connection.receive(agent.output(2, "answer"));
    await clock.advance(QUIET_AFTER_END_MS - 1);
    expect(network.connection.takeSent()).toEqual(['1 type 1 "question"', "ack 2"]);
    await clock.advance(1);
    expect(network.connection.takeSent()).toEqual([`2 ${flag}`]);
    network.connection.receive(agent.channelClosed());
    await once(stream, "close");
    expect([received, clock.pending]).toEqual([["answer"], 0]);
  });

  it("waits for acknowledgements first", async () => {
    await open();
    stream.end("question");
    await clock.advance(60_000);
    expect(network.connection.takeSent().some((line) => line.includes(flag))).toBe(false);
  });

  it("is quick when the other side ends the session", async () => {
    await open();
    stream.resume();
    stream.end("exit\n");
    network.connection.receive(agent.acknowledgement(1), agent.channelClosed());
    await once(stream, "close");
    expect(clock.pending).toBe(0);
  });

  it("does not count the time in which our own reader held the connection", async () => {
    await open();
    for (let number = 2; number < 2 + 1024; number += 1) network.connection.receive(agent.output(number, text(1024)));
    stream.end();
    await clock.advance(10 * QUIET_AFTER_END_MS);
    expect(network.connection.takeSent().some((line) => line.includes(flag))).toBe(false);
  });
});

describe("destroy()", () => {
  it("ends the session at once, and closes when the service confirms", async () => {
    await open();
    stream.destroy();
    expect(network.connection.takeSent()).toEqual([`1 ${flag}`]);
    network.connection.receive(agent.channelClosed());
    await once(stream, "close");
    await expect(stream.ended).resolves.toMatchObject({ by: "client" });
    expect(clock.pending).toBe(0);
  });

  it("sends no flag to an agent that does not know it", async () => {
    await open("2.3.722.0");
    stream.destroy();
    await once(stream, "close");
    expect([network.connection.takeSent(), network.connection.isClosed]).toEqual([[], true]);
  });

  it("throws away what comes meanwhile", async () => {
    await open();
    stream.on("error", () => undefined);
    stream.destroy(new Error("interrupted"));
    network.connection.receive(agent.output(2, "late"), agent.channelClosed());
    await clock.advance(0);
    expect([stream.closed, stream.readableLength]).toEqual([true, 0]);
    expect(stream.errored).toEqual(new Error("interrupted"));
  });
});
