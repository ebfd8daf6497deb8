// Many connections in one session: frames, turns, ends, and the ceilings of slow readers.
import { once } from "node:events";
import { beforeEach, describe, expect, it } from "@jest/globals";
import type { SessionEvent } from "../../../session-manager/data-channel/session-event.ts";
import type { PortForwarding } from "../../../session-manager/sessions/port-forwarding.ts";
import { newPortForwarding } from "../../../session-manager/sessions/new-port-forwarding.ts";
import { MUX_BUFFERS } from "../../../session-manager/sessions/mux-port-forwarding.ts";
import { QUIET_BEFORE_FIN_MS } from "../../../session-manager/sessions/mux-stream.ts";
import { decodeAgentMessage } from "../../../session-manager/wire/agent-message.ts";
import { encodeFlag } from "../../../session-manager/wire/flag.ts";
import { decodeSmuxHeader, encodeSmuxHeader } from "../../../session-manager/wire/smux-header.ts";
import type { SmuxCommandNumber } from "../../../session-manager/wire/smux-header.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import * as agent from "../agent-messages.ts";
import { FakeNetwork } from "../fake-network.ts";
import { openOn } from "../opened-channel.ts";

const [SYN, FIN, PSH, NOP] = [0, 1, 2, 3] as const;
const names = ["SYN", "FIN", "PSH", "NOP"];

let clock: FakeClock;
let network: FakeNetwork;
let forwarding: PortForwarding;
let nextOutput: number;
let events: SessionEvent[];

async function open(agentVersion = "3.3.987.0"): Promise<void> {
  const properties = { portNumber: "5432", type: "LocalPortForwarding", localPortNumber: "0" };
  forwarding = await openOn({ clock, network, agentVersion, properties }, (channel, outcome) =>
    newPortForwarding(channel, outcome, { clock, onEvent: (event) => events.push(event) }),
  );
  nextOutput = 2;
}

/** The frames sent since the last call, e.g. `PSH 3 "GET"`; each fills a message of its own. */
const sentFrames = (): string[] =>
  network.connection.sent.splice(0).flatMap((bytes) => {
    const { messageType, payloadType, payload } = decodeAgentMessage(bytes);
    if (messageType === "acknowledge") return [];
    if (payloadType === 10) return [`flag ${payload[3] ?? ""}`];
    const { command, streamId } = decodeSmuxHeader(payload);
    const data = Buffer.from(payload.subarray(8)).toString();
    return [`${names[command] ?? ""} ${streamId}${data === "" ? "" : ` ${JSON.stringify(data)}`}`];
  });

function receive(payload: Buffer, payloadType = 1): void {
  network.connection.receive(agent.output(nextOutput, payload, payloadType));
  nextOutput += 1;
}

function receiveFrame(command: SmuxCommandNumber, streamId: number, data: string | Buffer = ""): void {
  const bytes = Buffer.from(data as string);
  receive(Buffer.concat([encodeSmuxHeader({ command, streamId, payloadLength: bytes.length }), bytes]));
}

beforeEach(() => {
  clock = new FakeClock();
  network = new FakeNetwork();
  events = [];
});

describe("newPortForwarding()", () => {
  it.each([
    ["3.0.196.0", false],
    ["3.0.197.0", true],
  ])("for agent %s multiplexes: %s", async (version, isMultiplexed) => {
    await open(version);
    expect(forwarding.isMultiplexed).toBe(isMultiplexed);
  });

  it.each([
    ["Standard_Stream", null],
    ["Port", { portNumber: "22" }],
    ["Port", { type: "Teleport" }],
  ])("fails with SESSION_TYPE_UNEXPECTED for %s with %j", async (sessionType, properties) => {
    const opening = openOn({ clock, network, sessionType, properties }, (channel, outcome) =>
      newPortForwarding(channel, outcome, { clock, onEvent: (event) => events.push(event) }),
    );
    await expect(opening).rejects.toMatchObject({ code: "SESSION_TYPE_UNEXPECTED" });
  });
});

describe("connections", () => {
  it("open with SYN, and have odd numbers from 3", async () => {
    await open();
    forwarding.connect();
    forwarding.connect();
    expect(sentFrames()).toEqual(["SYN 3", "SYN 5"]);
  });

  it("carry bytes both ways", async () => {
    await open();
    const stream = forwarding.connect();
    stream.write("GET");
    receiveFrame(PSH, 3, "200 OK");
    expect([sentFrames(), String(stream.read())]).toEqual([["SYN 3", 'PSH 3 "GET"'], "200 OK"]);
  });

  it("put at most 1,024 bytes into a message, header included", async () => {
    await open();
    forwarding.connect().write(Buffer.alloc(2000));
    expect(network.connection.sent.map((bytes) => bytes.length - 120)).toEqual([8, 1024, 8 + 984]);
  });

  it("put as much into a message as the session's options say", async () => {
    const properties = { portNumber: "5432", type: "LocalPortForwarding", localPortNumber: "0" };
    forwarding = await openOn({ clock, network, properties, maxPayloadBytes: 4_096 }, (channel, outcome) =>
      newPortForwarding(channel, outcome, { clock }),
    );
    forwarding.connect().write(Buffer.alloc(6_000));
    expect(network.connection.sent.map((bytes) => bytes.length - 120)).toEqual([8, 4_096, 8 + 6_000 - 4_088]);
  });

  it("take turns, a message each", async () => {
    await open();
    const streams = [forwarding.connect(), forwarding.connect(), forwarding.connect()];
    while (sentFrames().length > 0);
    for (const stream of streams) stream.write(Buffer.alloc(256 * 1024));
    for (let number = 1; number < 200; number += 1) network.connection.receive(agent.acknowledgement(number));
    const turns = sentFrames().map((frame) => frame.split(" ")[1]);
    const shares = ["3", "5", "7"].map((id) => turns.slice(60).filter((turn) => turn === id).length);
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
  });

  it("wait for room in the window, and lose nothing", async () => {
    await open();
    const stream = forwarding.connect();
    const sent = Buffer.alloc(300_000, "abcdefghijklmnopqrstuvwxyz");
    stream.write(sent);
    const data: Buffer[] = [];
    for (let number = 1; number < 400; number += 1) {
      for (const bytes of network.connection.sent.splice(0)) {
        data.push(Buffer.from(decodeAgentMessage(bytes).payload.subarray(8)));
      }
      network.connection.receive(agent.acknowledgement(number));
    }
    expect(Buffer.concat(data).equals(sent)).toBe(true);
  });

  it("ignore frames for streams that are gone, NOPs, and streams that the agent opens", async () => {
    await open();
    receiveFrame(PSH, 99, "stray");
    receiveFrame(NOP, 0);
    receiveFrame(SYN, 2);
    expect(sentFrames()).toEqual([]);
  });
});

describe("the far side's FIN", () => {
  it("ends the connection behind its last byte, and is answered", async () => {
    await open();
    const stream = forwarding.connect();
    const received: string[] = [];
    stream.on("data", (bytes: Buffer) => received.push(bytes.toString()));
    receiveFrame(PSH, 3, "bye");
    receiveFrame(FIN, 3);
    await once(stream, "close");
    expect([received, sentFrames()]).toEqual([["bye"], ["SYN 3", "FIN 3"]]);
  });

  it("after ConnectToPortError fails the connection with PORT_NOT_REACHED, and no other", async () => {
    await open();
    const [failing, other] = [forwarding.connect(), forwarding.connect()];
    receive(encodeFlag(3), 10);
    const failure = once(failing, "error");
    receiveFrame(FIN, 3);
    expect((await failure)[0]).toMatchObject({ code: "PORT_NOT_REACHED" });
    expect(other.destroyed).toBe(false);
  });

  it("is an error for bytes that were not sent yet", async () => {
    await open();
    const stream = forwarding.connect();
    stream.resume();
    stream.write(Buffer.alloc(300_000));
    const failure = once(stream, "error");
    receiveFrame(FIN, 3);
    expect((await failure)[0]).toMatchObject({ code: "CLOSED_BY_PEER" });
  });
});

describe("our end", () => {
  it("sends FIN only when the far side has been quiet for 5 s, because its answer would be lost", async () => {
    await open();
    const stream = forwarding.connect();
    const received: string[] = [];
    stream.on("data", (bytes: Buffer) => received.push(bytes.toString()));
    stream.end("question");
    await clock.advance(QUIET_BEFORE_FIN_MS - 1);
    receiveFrame(PSH, 3, "answer");
    network.connection.receive(agent.acknowledgement(1), agent.acknowledgement(2));
    await clock.advance(QUIET_BEFORE_FIN_MS - 1);
    expect([received, sentFrames().includes("FIN 3")]).toEqual([["answer"], false]);
    await clock.advance(1);
    expect(sentFrames()).toEqual(["FIN 3"]);
    network.connection.receive(agent.acknowledgement(3));
    await clock.advance(1000);
    expect([stream.closed, clock.pending]).toEqual([true, 0]);
  });

  it("sends FIN at once when the connection is destroyed", async () => {
    await open();
    forwarding.connect().destroy();
    expect(sentFrames()).toEqual(["SYN 3", "FIN 3"]);
  });
});

describe("a slow reader", () => {
  const fill = (streamId: number): void => {
    for (let count = 0; count < MUX_BUFFERS.streamBytes / 32_768; count += 1) {
      receiveFrame(PSH, streamId, Buffer.alloc(32_768));
    }
  };

  it("that is alone holds the connection back, and loses nothing", async () => {
    await open();
    const stream = forwarding.connect();
    fill(3);
    expect([network.connection.isPaused, stream.destroyed]).toEqual([true, false]);
    let received = 0;
    stream.on("data", (bytes: Buffer) => (received += bytes.length));
    await clock.advance(0);
    expect([network.connection.isPaused, received]).toEqual([false, MUX_BUFFERS.streamBytes]);
  });

  it("among others is reset with READER_TOO_SLOW when 4 MiB wait for it, and the others go on", async () => {
    await open();
    const [slow, quick] = [forwarding.connect(), forwarding.connect()];
    quick.resume();
    const failure = once(slow, "error");
    fill(3);
    expect((await failure)[0]).toMatchObject({ code: "READER_TOO_SLOW" });
    expect(events).toEqual([{ type: "connection-reset", streamId: 3, unreadBytes: MUX_BUFFERS.streamBytes }]);
    receiveFrame(PSH, 5, "still there");
    expect([network.connection.isPaused, quick.destroyed, sentFrames()]).toEqual([
      false,
      false,
      ["SYN 3", "SYN 5", "FIN 3"],
    ]);
  });

  it("that is alone and closes lets the session read again, though its FIN has no room yet", async () => {
    await open();
    const stream = forwarding.connect();
    stream.write(Buffer.alloc(300_000));
    fill(3);
    expect(network.connection.isPaused).toBe(true);
    stream.destroy();
    await once(stream, "close");
    expect(network.connection.isPaused).toBe(false);
  });

  it("is the slowest of many when all together keep 16 MiB", async () => {
    await open();
    const streams = Array.from({ length: 8 }, () => forwarding.connect());
    const resets: number[] = [];
    streams.forEach((stream, index) => stream.on("error", () => resets.push(index)));
    for (let round = 0; round < 64; round += 1) {
      for (let index = 0; index < 8; index += 1)
        receiveFrame(PSH, 3 + 2 * index, Buffer.alloc(index === 4 ? 50_000 : 32_768));
    }
    await clock.advance(0);
    expect(resets).toEqual([4]);
  });
});

describe("what readers of connections left behind that the far side has closed", () => {
  it("counts with the rest: the slowest is reset when all together keep 16 MiB", async () => {
    await open();
    const streams = Array.from({ length: 6 }, () => forwarding.connect());
    const resets: number[] = [];
    streams.forEach((stream, index) => stream.on("error", () => resets.push(index)));
    for (let index = 0; index < 6; index += 1) {
      for (let frame = 0; frame < 96; frame += 1) receiveFrame(PSH, 3 + 2 * index, Buffer.alloc(32_768));
      receiveFrame(FIN, 3 + 2 * index);
    }
    await clock.advance(0);
    expect(resets).toEqual([0]);
    expect(streams.slice(1).map(({ destroyed }) => destroyed)).toEqual([false, false, false, false, false]);
  });
});

describe("keep-alive", () => {
  it("is off for agents that do without, or it would defeat the idle timeout", async () => {
    await open("3.1.1512.0");
    await clock.advance(60_000);
    expect([sentFrames(), clock.pending]).toEqual([[], 0]);
  });

  it("is a NOP every 10 s for older agents, which would give up after 30 s", async () => {
    await open("3.1.1511.0");
    await clock.advance(10_000);
    expect(sentFrames()).toEqual(["NOP 0"]);
  });
});

describe("the end of the session", () => {
  it("ends connections behind their last byte when the agent ends it", async () => {
    await open();
    const stream = forwarding.connect();
    receiveFrame(PSH, 3, "bye");
    network.connection.receive(agent.channelClosed());
    const received: string[] = [];
    stream.on("data", (bytes: Buffer) => received.push(bytes.toString()));
    await once(stream, "close");
    expect([received, clock.pending]).toEqual([["bye"], 0]);
  });

  it("fails connections when we end it, with the flag TerminateSession", async () => {
    await open();
    const stream = forwarding.connect();
    const failure = once(stream, "error");
    const closed = forwarding.close();
    network.connection.receive(agent.channelClosed());
    await closed;
    expect((await failure)[0]).toMatchObject({ name: "SessionEndedError" });
    expect(sentFrames()).toEqual(["SYN 3", "flag 2"]);
  });

  it("refuses new connections", async () => {
    await open();
    network.connection.receive(agent.channelClosed("gone"));
    expect(() => forwarding.connect()).toThrow("session has ended: gone");
  });

  it("comes with a frame that is none", async () => {
    await open();
    receive(Buffer.from("0900000003000000", "hex"));
    await expect(forwarding.ended).resolves.toEqual({
      by: "client",
      reason: "cannot decode smux header: version is 9, not 1",
    });
  });
});
