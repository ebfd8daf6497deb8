import { describe, expect, it } from "@jest/globals";
import { PassThrough, type Duplex } from "node:stream";
import { AGENT_SESSION_MOVES } from "../../../sandbox/agent/agent-session.ts";
import { AWS_TIMING } from "../../../sandbox/agent/timing.ts";
import { agentBench, establishedBench, settled, type AgentBench, type AgentBenchOptions } from "./agent-bench.ts";
import { acknowledgement, flagMessage, handshakeResponse, RecordingLink, written } from "./hand-written-wire.ts";

/** An established session, and what stands behind its port. */
async function established(options: AgentBenchOptions = {}): Promise<AgentBench & { readonly port: Duplex }> {
  const bench = await establishedBench(options);
  return { ...bench, port: bench.ports[0] ?? new PassThrough() };
}

const input = (number: number, text: string): Buffer => written({ number, payload: Buffer.from(text) });

describe("AgentSession, the handshake", () => {
  it("begins with HandshakeRequest, output 0 with SYN, with the session type and its properties", () => {
    const { link } = agentBench();
    expect(link.messages).toHaveLength(1);
    expect(link.messages[0]).toMatchObject({ type: "output_stream_data", number: 0, flags: 1, payloadType: 5 });
    expect(JSON.parse(link.messages[0]?.payload.toString() ?? "")).toEqual({
      AgentVersion: "3.3.987.0",
      RequestedClientActions: [
        { ActionType: "SessionType", ActionParameters: { SessionType: "Port", Properties: { portNumber: "22" } } },
      ],
    });
  });

  it("acknowledges the response before it completes the handshake", async () => {
    const { link } = await established();
    expect(link.messages.map((message) => [message.type, message.payloadType])).toEqual([
      ["output_stream_data", 5],
      ["acknowledge", 0],
      ["output_stream_data", 7],
    ]);
    expect(link.messages[1]).toMatchObject({ flags: 3, number: 0 });
    expect(JSON.parse(link.messages[1]?.payload.toString() ?? "")).toMatchObject({
      AcknowledgedMessageType: "input_stream_data",
      AcknowledgedMessageSequenceNumber: 0,
      IsSequentialMessage: true,
    });
  });

  it("opens the port after the handshake, and not before", async () => {
    const made = agentBench();
    await made.clock.advance(10);
    expect(made.dialed).toEqual([]);
    made.session.receive(handshakeResponse());
    await made.clock.advance(0);
    expect(made.dialed).toEqual(["localhost:22"]);
  });

  it("is silent for 50 ms after HandshakeComplete when it is timed like AWS's", async () => {
    const made = agentBench({ timing: AWS_TIMING });
    made.session.receive(handshakeResponse());
    await made.clock.advance(49);
    expect(made.dialed).toEqual([]);
    await made.clock.advance(1);
    expect(made.dialed).toEqual(["localhost:22"]);
  });

  it("acknowledges data that comes before completion, and throws it away", async () => {
    const made = agentBench();
    made.session.receive(written({ number: 0, payload: Buffer.from("too early") }));
    expect(made.link.acknowledged).toEqual([0]);
    made.session.receive(written({ number: 1, payloadType: 6, payload: responsePayload() }));
    await made.clock.advance(0);
    made.session.receive(input(2, "in time"));
    expect(String(made.ports[0]?.read())).toBe("in time");
  });

  it("ends after 15 s without a response, in AWS's words", async () => {
    const { clock, session } = agentBench();
    await clock.advance(14_999);
    expect(await settled(session.ended)).toBe("pending");
    await clock.advance(1);
    await expect(session.ended).resolves.toContain(
      "Handshake timed out. Please ensure that you have the latest version of the session manager plugin.",
    );
  });

  it("ends when the client could not do what was asked", async () => {
    const { session } = agentBench();
    session.receive(handshakeResponse("1.2.650.0", 3));
    await expect(session.ended).resolves.toContain("Failed to process action SessionType: no");
  });

  it("leaves no wait behind when it is stopped", () => {
    const { session, clock } = agentBench();
    session.stop("");
    expect(clock.pending).toBe(0);
  });
});

describe("AgentSession, input", () => {
  it("writes payloads to the port in the order of their numbers, and acknowledges each", async () => {
    const { session, link, port, clock } = await established();
    const seen = collected(port);
    for (const [number, text] of [
      [3, "c"],
      [1, "a"],
      [2, "b"],
    ] as const)
      session.receive(input(number, text));
    await clock.advance(0);
    expect([seen(), link.acknowledged]).toEqual(["abc", [0, 3, 1, 2]]);
  });

  it("acknowledges a duplicate again, and does not write it again", async () => {
    const { session, link, port, clock } = await established();
    const seen = collected(port);
    session.receive(input(1, "once"));
    session.receive(input(1, "once"));
    await clock.advance(0);
    expect([seen(), link.acknowledged]).toEqual(["once", [0, 1, 1]]);
  });

  it("drops a message whose digest does not match, without acknowledging it", async () => {
    const { session, link } = await established();
    const bytes = input(1, "bent");
    bytes.write("B", 120);
    session.receive(bytes);
    expect(link.acknowledged).toEqual([0]);
  });

  it("drops bytes that are no message", async () => {
    const { session, link } = await established();
    session.receive(Buffer.from("not a message"));
    expect(link.acknowledged).toEqual([0]);
  });

  it("refuses data until the port is open, so that the client sends it again", async () => {
    let open: (connection: Duplex) => void = () => undefined;
    const dial = (): Promise<Duplex> => new Promise((resolve) => (open = resolve));
    const { session, link, clock } = await established({ dial });
    const port = new PassThrough();
    session.receive(input(1, "early"));
    expect(link.acknowledged).toEqual([0]);
    open(port);
    await clock.advance(0);
    session.receive(input(1, "early"));
    expect([link.acknowledged, String(port.read())]).toEqual([[0, 1], "early"]);
  });

  it("withholds acknowledgements while the port takes no more, and stops reading at 4 MiB", async () => {
    const { session, link, port, clock } = await established();
    const size = 64 * 1024;
    for (let number = 1; number <= 80; number++) session.receive(written({ number, payload: Buffer.alloc(size) }));
    await clock.advance(0);
    expect(link.acknowledged.length).toBeLessThan(5);
    expect(link.readings).toEqual([false]);
    port.resume();
    for (let turn = 0; turn < 200; turn++) await clock.advance(0);
    expect([link.acknowledged.length, link.readings]).toEqual([81, [false, true]]);
  });

  it("ends well at the flag TerminateSession, which it acknowledges", async () => {
    const { session, link } = await established();
    session.receive(flagMessage(1, 2));
    await expect(session.ended).resolves.toBe("");
    expect(link.acknowledged).toEqual([0, 1]);
  });

  it("ends as failed at the flag DisconnectToPort", async () => {
    const { session } = await established();
    session.receive(flagMessage(1, 1));
    await expect(session.ended).resolves.toContain("----------ERROR-------");
  });
});

describe("AgentSession, output", () => {
  it("cuts what the port says into payloads of 1024 bytes, numbered from 2", async () => {
    const { link, port, clock } = await established();
    port.write(Buffer.alloc(2500, "x"));
    await clock.advance(0);
    const data = link.output.slice(2);
    expect(data.map((message) => [message.number, message.payloadType, message.payload.length])).toEqual([
      [2, 1, 1024],
      [3, 1, 1024],
      [4, 1, 452],
    ]);
    expect(data.map((message) => message.flags)).toEqual([0, 0, 0]);
  });

  it("sends a message again, unchanged, until it is acknowledged", async () => {
    const { link, port, clock, session } = await established();
    port.write("again");
    await clock.advance(500);
    const copies = link.output.slice(2);
    expect(copies.length).toBeGreaterThan(1);
    expect(new Set(copies.map((message) => message.id)).size).toBe(1);
    session.receive(acknowledgement({ id: copies[0]?.id ?? "", number: 2 }));
    const before = link.output.length;
    await clock.advance(5_000);
    expect(link.output.length).toBe(before);
    expect(clock.pending).toBe(0);
  });

  it("sends only the oldest again every 100 ms when it is timed like AWS's", async () => {
    const { link, port, clock } = await established({ timing: AWS_TIMING });
    port.write(Buffer.alloc(3 * 1024));
    await clock.advance(1_050);
    expect(new Set(link.output.slice(5).map((message) => message.number))).toEqual(new Set([2]));
  });

  it("reads no more from the port while 4 MiB are unacknowledged", async () => {
    const { link, port, clock } = await established();
    port.write(Buffer.alloc(8 * 1024 * 1024));
    for (let turn = 0; turn < 200; turn++) await clock.advance(0);
    const bytes = link.output.reduce((sum, message) => sum + 120 + message.payload.length, 0);
    expect(bytes).toBeGreaterThan(4 * 1024 * 1024 - 2048);
    expect(bytes).toBeLessThan(4 * 1024 * 1024 + 2048);
  });

  it("spaces messages as it is told, on average, however late a timer is", async () => {
    const { link, port, clock } = await established({ outputIntervalMs: 1 });
    port.write(Buffer.alloc(1024 * 1024));
    await clock.advance(100);
    expect(link.output.length - 2).toBeGreaterThan(95);
    expect(link.output.length - 2).toBeLessThan(105);
  });

  it("sends nothing between pause_publication and the next word of the client", async () => {
    const { link, port, clock, session } = await established();
    session.receive(written({ type: "pause_publication", payload: Buffer.from("pause_publication") }));
    port.write("held back");
    await clock.advance(1_000);
    expect(link.output).toHaveLength(2);
    session.receive(written({ type: "start_publication", payload: Buffer.from("start_publication") }));
    await clock.advance(200);
    expect(link.output[2]?.payload.toString()).toBe("held back");
  });

  it("ends well when the port closes, after all is acknowledged", async () => {
    const { link, port, clock, session } = await established();
    port.end("last words");
    await clock.advance(100);
    expect(await settled(session.ended)).toBe("pending");
    session.receive(acknowledgement({ id: "", number: 2 }));
    await clock.advance(0);
    await expect(session.ended).resolves.toBe("");
    expect(link.output[2]?.payload.toString()).toBe("last words");
  });

  it("ends 2 s after the port closed when nothing is acknowledged", async () => {
    const { port, clock, session } = await established();
    port.end("last words");
    await clock.advance(1_999);
    expect(await settled(session.ended)).toBe("pending");
    await clock.advance(1);
    expect([await settled(session.ended), clock.pending]).toEqual(["", 0]);
  });

  it("fails with the system's words when nothing listens on the port", async () => {
    const dial = (): Promise<Duplex> => Promise.reject(new Error("connect ECONNREFUSED 127.0.0.1:22"));
    const { clock, session } = await established({ dial });
    await clock.advance(0);
    await expect(session.ended).resolves.toBe(
      "----------ERROR-------\nUnable to connect to specified port: connect ECONNREFUSED 127.0.0.1:22",
    );
  });
});

describe("AgentSession, resumed", () => {
  it("goes on with its numbers on another link, without a handshake, and sends what was not acknowledged", async () => {
    const { link, port, clock, session } = await established();
    session.detach();
    port.write("while away");
    await clock.advance(1_000);
    expect(link.output).toHaveLength(2);
    const next = new RecordingLink();
    session.attach(next);
    expect(next.output.map((message) => [message.number, message.payload.toString()])).toEqual([[2, "while away"]]);
    session.receive(input(1, "back"));
    expect(next.acknowledged).toEqual([1]);
  });
});

describe("AGENT_SESSION_MOVES", () => {
  it("lets every state but the last end, and none come back", () => {
    const reachable = Object.entries(AGENT_SESSION_MOVES).map(([state, next]) => [state, next.includes("ended")]);
    expect(Object.fromEntries(reachable)).toEqual({ waiting: true, handshaking: true, running: true, ended: false });
  });
});

function responsePayload(): Buffer {
  return handshakeResponse().subarray(120);
}

function collected(port: Duplex): () => string {
  const chunks: Buffer[] = [];
  port.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}
