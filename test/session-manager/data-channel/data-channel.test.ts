// One data channel from its first frame to its end, message by message.
import { beforeEach, describe, expect, it } from "@jest/globals";
import { ConnectionError } from "../../../session-manager/data-channel/connection-error.ts";
import { DataChannel } from "../../../session-manager/data-channel/data-channel.ts";
import type { DataChannelOptions } from "../../../session-manager/data-channel/data-channel-options.ts";
import { HANDSHAKE_LIMIT_MS } from "../../../session-manager/data-channel/handshake.ts";
import type { SessionEvent } from "../../../session-manager/data-channel/session-event.ts";
import { ProtocolError } from "../../../session-manager/protocol-error.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import * as agent from "../agent-messages.ts";
import { FakeNetwork } from "../fake-network.ts";

const ticket = { sessionId: "user-0123456789abcdef0", streamUrl: "wss://service.example/1", tokenValue: "secret" };
const lost = new ConnectionError("CONNECTION_LOST", "connection lost: websocket closed with 1000 Bye");

let clock: FakeClock;
let network: FakeNetwork;
let channel: DataChannel;
let told: string[];
let events: SessionEvent[];

/** A channel whose session writes down what it is told. */
function newChannel(options: Partial<DataChannelOptions> = {}): DataChannel {
  return new DataChannel({
    ticket,
    clock,
    openTransport: network.openTransport,
    clientVersion: "1.2.764.0",
    onEvent: (event) => events.push(event),
    accept: () => ({
      onPayload: (type, payload) => told.push(`type ${type} ${JSON.stringify(Buffer.from(payload).toString())}`),
      onRoom: () => told.push("room"),
      onEnd: (end, error) =>
        told.push(`end by ${end.by}: ${end.reason}${error === undefined ? "" : ` (${error.name})`}`),
    }),
    ...options,
  });
}

/** The channel, with its handshake behind it. */
async function openChannel(options: Partial<DataChannelOptions> = {}): Promise<void> {
  channel = newChannel(options);
  const opened = channel.open();
  await clock.advance(0);
  network.connection.receive(agent.handshakeRequest(), agent.acknowledgement(0), agent.handshakeComplete());
  await opened;
  network.connection.takeSent();
}

const stateMoves = (): string[] => events.flatMap((event) => (event.type === "state" ? [event.to] : []));
const ignored = (): string[] => events.flatMap((event) => (event.type === "message-ignored" ? [event.detail] : []));

beforeEach(() => {
  clock = new FakeClock();
  network = new FakeNetwork();
  told = [];
  events = [];
});

describe("DataChannel.open()", () => {
  it("sends the token as the first frame, as text", async () => {
    void newChannel().open();
    await clock.advance(0);
    expect(JSON.parse(network.connection.texts.join())).toEqual({
      MessageSchemaVersion: "1.0",
      RequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      TokenValue: "secret",
      ClientId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      ClientVersion: "1.2.764.0",
    });
  });

  it("waits for the agent to ask", async () => {
    void newChannel().open();
    await clock.advance(10_000);
    expect(network.connection.takeSent()).toEqual([]);
  });

  it("acknowledges the request, and answers it under number 0", async () => {
    void newChannel().open();
    await clock.advance(0);
    network.connection.receive(agent.handshakeRequest());
    const [first, second] = network.connection.takeSent();
    expect(first).toBe("ack 0");
    expect(second).toMatch(/^0 type 6 "{\\"ClientVersion\\":\\"1.2.764.0\\"/);
  });

  it("is over when the agent completes the handshake", async () => {
    await openChannel();
    expect(stateMoves()).toEqual(["handshaking", "established"]);
    expect(events).toContainEqual({ type: "handshake", agentVersion: "3.3.987.0", sessionType: "Port" });
  });

  it("tells the agent's message for the person without its terminal escapes", async () => {
    const opened = newChannel().open();
    await clock.advance(0);
    network.connection.receive(agent.handshakeRequest(), agent.handshakeComplete(1, "\u001b[2Jencrypted\r\n"));
    await opened;
    expect(events).toContainEqual({ type: "customer-message", text: "[2Jencrypted" });
  });

  it("hands on data that comes right behind the end of the handshake", async () => {
    const opened = newChannel().open();
    await clock.advance(0);
    network.connection.receive(agent.handshakeRequest(), agent.handshakeComplete(), agent.output(2, "SSH-2.0"));
    await opened;
    expect(told).toEqual(['type 1 "SSH-2.0"']);
  });

  it("takes a session that begins with output for a shell without handshake", async () => {
    const kinds: string[] = [];
    const opened = newChannel({
      accept: (_, outcome) => {
        kinds.push(outcome.sessionType);
        return { onPayload: () => undefined, onRoom: () => undefined, onEnd: () => undefined };
      },
    }).open();
    await clock.advance(0);
    network.connection.receive(agent.output(0, "$ "));
    await opened;
    expect(kinds).toEqual(["Standard_Stream"]);
  });

  it("fails with OPEN_TIMED_OUT after 35 s without a handshake, and closes the connection", async () => {
    const opened = newChannel().open();
    const [failure] = await Promise.all([opened.catch((error: unknown) => error), clock.advance(HANDSHAKE_LIMIT_MS)]);
    expect(failure).toMatchObject({ name: "ConnectionError", code: "OPEN_TIMED_OUT" });
    expect([network.connection.isClosed, clock.pending]).toEqual([true, 0]);
  });

  it("fails with what the transport met", async () => {
    network.refusals = [new ConnectionError("UPGRADE_REFUSED", "no", { statusCode: 403 })];
    await expect(newChannel().open()).rejects.toMatchObject({ code: "UPGRADE_REFUSED", statusCode: 403 });
    expect(clock.pending).toBe(0);
  });

  it("fails with CONNECTION_LOST when the service hangs up on the token", async () => {
    const opened = newChannel().open();
    await clock.advance(0);
    network.connection.lose(lost);
    await expect(opened).rejects.toBe(lost);
  });

  it("fails with SessionEndedError when the service closes the session first", async () => {
    const opened = newChannel().open();
    await clock.advance(0);
    network.connection.receive(agent.channelClosed("plugin not supported"));
    await expect(opened).rejects.toThrow("session has ended: plugin not supported");
  });

  it("fails with the ProtocolError of whoever accepts the session", async () => {
    const refusal = new ProtocolError("SESSION_TYPE_UNEXPECTED", "not mine");
    const opened = newChannel({
      accept: () => {
        throw refusal;
      },
    }).open();
    await clock.advance(0);
    network.connection.receive(agent.handshakeRequest(), agent.handshakeComplete());
    await expect(opened).rejects.toBe(refusal);
    expect(network.connection.isClosed).toBe(true);
  });

  it("fails with the signal's reason, at once, when it is aborted", async () => {
    const controller = new AbortController();
    const opened = newChannel().open(controller.signal);
    await clock.advance(0);
    controller.abort(new Error("interrupted"));
    await expect(opened).rejects.toThrow("interrupted");
    expect([network.connection.isClosed, clock.pending]).toEqual([true, 0]);
  });
});

describe("receiving", () => {
  it("acknowledges each message with its number, then hands it on", async () => {
    await openChannel();
    network.connection.receive(agent.output(2, "a"), agent.output(3, "b", 11));
    expect(network.connection.takeSent()).toEqual(["ack 2", "ack 3"]);
    expect(told).toEqual(['type 1 "a"', 'type 11 "b"']);
  });

  it("puts messages in order, and acknowledges the early ones as well", async () => {
    await openChannel();
    network.connection.receive(agent.output(4, "c"), agent.output(3, "b"), agent.output(2, "a"));
    expect(network.connection.takeSent()).toEqual(["ack 4", "ack 3", "ack 2"]);
    expect(told).toEqual(['type 1 "a"', 'type 1 "b"', 'type 1 "c"']);
  });

  it("acknowledges duplicates again, and hands them on once", async () => {
    await openChannel();
    network.connection.receive(agent.output(2, "a"), agent.output(2, "a"), agent.handshakeComplete());
    expect(network.connection.takeSent()).toEqual(["ack 2", "ack 2", "ack 1"]);
    expect(told).toEqual(['type 1 "a"']);
  });

  it("drops a damaged message without acknowledging it, so that it comes again", async () => {
    await openChannel();
    const damaged = agent.output(2, "a");
    damaged.writeUInt8(0x62, damaged.length - 1);
    network.connection.receive(damaged, agent.output(2, "a"));
    expect(network.connection.takeSent()).toEqual(["ack 2"]);
    expect(ignored()).toEqual(["cannot decode agent message: payload of 1 bytes has another SHA-256 than it says"]);
  });

  it("ignores messages that mean nothing to a client, and says so", async () => {
    await openChannel();
    network.connection.receive(agent.control("agent_session_state"), agent.control("acknowledge", "not JSON"));
    expect(network.connection.takeSent()).toEqual([]);
    expect(ignored()).toEqual([
      'message type "agent_session_state" means nothing to a client',
      "cannot decode acknowledge: it is not JSON",
    ]);
  });

  it("fails with HANDSHAKE_REPEATED when the agent asks again", async () => {
    await openChannel();
    network.connection.receive(agent.handshakeRequest(undefined, undefined, 2));
    expect(told).toEqual(["end by client: cannot shake hands with agent: a second request came (ProtocolError)"]);
  });

  it("lets a bug of the session's surface, and closes", async () => {
    await openChannel({
      accept: () => ({
        onPayload: () => {
          throw new TypeError("a bug");
        },
        onRoom: () => undefined,
        onEnd: (_, error) => told.push(String(error)),
      }),
    });
    network.connection.receive(agent.output(2, "a"));
    expect([told, network.connection.isClosed]).toEqual([["TypeError: a bug"], true]);
  });
});

describe("sending", () => {
  it("goes on with the number after the handshake's", async () => {
    await openChannel();
    channel.send(1, Buffer.from("a"));
    channel.send(1, Buffer.from("\n"));
    expect(network.connection.takeSent()).toEqual(['1 type 1 "a"', '2 type 1 "\\n"']);
  });

  it("has no room before the handshake is over", async () => {
    channel = newChannel();
    void channel.open();
    await clock.advance(0);
    network.connection.receive(agent.handshakeRequest());
    expect(channel.hasRoom).toBe(false);
  });

  it("sends again what is not acknowledged", async () => {
    await openChannel();
    channel.send(1, Buffer.from("a"));
    await clock.advance(300);
    expect(network.connection.takeSent()).toEqual(['1 type 1 "a"', '1 type 1 "a"']);
    expect(events).toContainEqual({ type: "messages-resent", count: 1, timeoutMs: 200 });
  });

  it("sends nothing again while bytes wait in this process", async () => {
    await openChannel();
    network.connection.bufferedBytes = 1;
    channel.send(1, Buffer.from("a"));
    await clock.advance(3000);
    expect(network.connection.takeSent()).toEqual(['1 type 1 "a"']);
  });

  it("tells when there is room again", async () => {
    await openChannel();
    while (channel.hasRoom) channel.send(1, Buffer.alloc(1024));
    network.connection.receive(agent.acknowledgement(1));
    expect(told).toEqual(["room"]);
  });

  it("ends by connection when the agent acknowledges nothing for five minutes", async () => {
    await openChannel();
    channel.send(1, Buffer.from("a"));
    await clock.advance(301_000);
    expect(told).toEqual(["end by connection: connection lost: the agent acknowledges nothing (ConnectionError)"]);
  });
});

describe("publication", () => {
  it("leaves one message at a time under way while the agent is away", async () => {
    await openChannel();
    network.connection.receive(agent.control("pause_publication"));
    channel.send(1, Buffer.from("a"));
    expect(channel.hasRoom).toBe(false);
    expect(stateMoves().at(-1)).toBe("paused");
  });

  it.each([
    ["start_publication", agent.control("start_publication")],
    ["an acknowledgement", agent.acknowledgement(0)],
    ["output", agent.output(2, "a")],
  ])("goes on with %s", async (_, message) => {
    await openChannel();
    network.connection.receive(agent.control("pause_publication"));
    channel.send(1, Buffer.from("a"));
    network.connection.receive(message);
    expect([stateMoves().at(-1), channel.hasRoom]).toEqual(["established", true]);
  });

  it("means nothing during the handshake", async () => {
    void newChannel().open();
    await clock.advance(0);
    network.connection.receive(agent.control("pause_publication"), agent.control("start_publication"));
    expect(stateMoves()).toEqual(["handshaking"]);
  });
});

describe("pauseReading()", () => {
  it("holds the connection, and nothing is resent meanwhile", async () => {
    await openChannel();
    channel.send(1, Buffer.from("a"));
    channel.pauseReading();
    await clock.advance(5000);
    expect([network.connection.isPaused, network.connection.takeSent()]).toEqual([true, ['1 type 1 "a"']]);
    channel.resumeReading();
    expect(network.connection.isPaused).toBe(false);
  });
});

describe("what came early and has its turn while nobody reads", () => {
  const paused = async (): Promise<void> => {
    await openChannel();
    network.connection.receive(agent.output(3, "b"), agent.output(4, "c"));
    channel.pauseReading();
    network.connection.receive(agent.output(2, "a")); // on its way when reading stopped
  };

  it("waits, so that the reader's bound holds, and follows when somebody reads again", async () => {
    await paused();
    expect(told).toEqual(['type 1 "a"']);
    network.connection.receive(agent.output(3, "b"));
    channel.resumeReading();
    expect(told).toEqual(['type 1 "a"', 'type 1 "b"', 'type 1 "c"']);
  });

  it("comes before the end", async () => {
    await paused();
    network.connection.receive(agent.channelClosed("gone"));
    expect(told).toEqual(['type 1 "a"', 'type 1 "b"', 'type 1 "c"', "end by agent: gone"]);
  });
});

describe("the end", () => {
  it("comes with channel_closed, and the service's words on one printable line", async () => {
    await openChannel();
    network.connection.receive(agent.channelClosed("----------ERROR-------\n\u001b[31mgone\u0007"));
    expect(told).toEqual(["end by agent: ----------ERROR------- [31mgone"]);
    await expect(channel.ended).resolves.toEqual({ reason: "----------ERROR------- [31mgone", by: "agent" });
    expect([network.connection.isClosed, clock.pending]).toEqual([true, 0]);
  });

  it("has a reason of our own when the service gives none", async () => {
    await openChannel();
    network.connection.receive(agent.channelClosed());
    expect(told).toEqual(["end by agent: closed by the service"]);
  });

  it("comes with the loss of the connection when nobody can resume it", async () => {
    await openChannel();
    network.connection.lose(lost);
    expect(told).toEqual([`end by connection: ${lost.message} (ConnectionError)`]);
  });

  it("comes once", async () => {
    await openChannel();
    network.connection.receive(agent.channelClosed("first"), agent.channelClosed("second"), agent.output(2, "late"));
    expect(told).toEqual(["end by agent: first"]);
  });
});

describe("DataChannel.terminate()", () => {
  it("sends the flag, behind all data, and waits for the service", async () => {
    await openChannel();
    channel.send(1, Buffer.from("a"));
    const terminated = channel.terminate(true);
    expect(network.connection.takeSent()).toEqual(['1 type 1 "a"', '2 type 10 "\\u0000\\u0000\\u0000\\u0002"']);
    expect(network.connection.isClosed).toBe(false);
    network.connection.receive(agent.channelClosed());
    await terminated;
    expect(told).toEqual(["end by client: closed by the service"]);
  });

  it("closes after 2 s if the service says nothing", async () => {
    await openChannel();
    const terminated = channel.terminate(true);
    await clock.advance(1999);
    expect(network.connection.isClosed).toBe(false);
    await clock.advance(1);
    await terminated;
    expect([network.connection.isClosed, told, clock.pending]).toEqual([
      true,
      ["end by client: ended by this side"],
      0,
    ]);
  });

  it("only closes where the agent knows no flag", async () => {
    await openChannel();
    await channel.terminate(false);
    expect([network.connection.takeSent(), network.connection.isClosed]).toEqual([[], true]);
  });

  it("reads again, or the answer would never be seen", async () => {
    await openChannel();
    channel.pauseReading();
    void channel.terminate(true);
    expect(network.connection.isPaused).toBe(false);
  });

  it("may be called again, and after the end", async () => {
    await openChannel();
    const both = Promise.all([channel.terminate(true), channel.terminate(true)]);
    network.connection.receive(agent.channelClosed());
    await both;
    await channel.terminate(true);
    expect(network.connection.takeSent()).toHaveLength(1);
  });
});
