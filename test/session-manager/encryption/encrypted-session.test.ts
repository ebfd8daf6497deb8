// Each kind of session under encryption, and what a peer in the middle cannot do to it.
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { DataChannel } from "../../../session-manager/data-channel/data-channel.ts";
import type { ChannelSession } from "../../../session-manager/data-channel/data-channel.ts";
import type { HandshakeOutcome } from "../../../session-manager/data-channel/handshake.ts";
import type { SessionEvent } from "../../../session-manager/data-channel/session-event.ts";
import { newPortForwarding } from "../../../session-manager/sessions/new-port-forwarding.ts";
import { ShellSession } from "../../../session-manager/sessions/shell.ts";
import { StandardStream } from "../../../session-manager/sessions/standard-stream.ts";
import { decodeAgentMessage } from "../../../session-manager/wire/agent-message.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import * as agent from "../agent-messages.ts";
import { FakeNetwork } from "../fake-network.ts";
import { encryptionAction, ReferenceCipher, referenceEncryption } from "../schedules/reference-encryption.ts";

const CHALLENGE_REQUEST = 8;
const LOCAL_PORT = { portNumber: "5432", type: "LocalPortForwarding", localPortNumber: "0" };

let clock: FakeClock;
let network: FakeNetwork;
let cipher: ReferenceCipher;
let events: SessionEvent[];

interface Kind<Session> {
  readonly sessionType?: string;
  readonly properties?: Record<string, string> | null;
  readonly agentVersion?: string;
  readonly accept: (channel: DataChannel, outcome: HandshakeOutcome) => Session;
}

/** The session, its handshake behind it; the agent's next message is number 3. */
async function open<Session extends ChannelSession>(kind: Kind<Session>): Promise<Session> {
  const { sessionType = "Port", properties = null, agentVersion, accept } = kind;
  let session: Session | undefined;
  const channel = new DataChannel({
    ticket: { sessionId: "ada-0123", streamUrl: "wss://service.example/1", tokenValue: "secret" },
    clock,
    openTransport: network.openTransport,
    clientVersion: "1.2.764.0",
    encryption: referenceEncryption,
    onEvent: (event) => events.push(event),
    accept: (opened, outcome) => (session = accept(opened, outcome)),
  });
  const opened = channel.open();
  await clock.advance(0);
  const action = { actionType: "SessionType", actionParameters: { SessionType: sessionType, Properties: properties } };
  network.connection.receive(agent.handshakeRequest([action, encryptionAction], agentVersion));
  await clock.advance(0);
  network.connection.receive(agent.acknowledgement(0), agent.output(1, cipher.challenge(), CHALLENGE_REQUEST));
  network.connection.receive(agent.acknowledgement(1), agent.handshakeComplete(2));
  await opened;
  network.connection.sent.splice(0);
  if (session === undefined) throw new Error("no session was made");
  return session;
}

/** What was sent since the last call, as the agent reads it. */
const readByAgent = (): string[] =>
  network.connection.sent
    .splice(0)
    .map(decodeAgentMessage)
    .filter(({ messageType }) => messageType === "input_stream_data")
    .map(({ payloadType, payload }) =>
      payloadType === 1 ? cipher.decrypt(payload).toString("latin1") : `type ${payloadType ?? ""}`,
    );

const fromAgent = (number: number, payload: string, payloadType = 1): Buffer =>
  agent.output(number, cipher.encrypt(Buffer.from(payload, "latin1")), payloadType);

const newShell = (sessionType = "Standard_Stream"): Promise<ShellSession> =>
  open({ sessionType, accept: (channel, outcome) => new ShellSession(channel, outcome, undefined) });

const connect = async (agentVersion: string): Promise<Duplex> => {
  const accept = newPortForwarding;
  const forwarding = await open({
    properties: LOCAL_PORT,
    agentVersion,
    accept: (channel, outcome) => accept(channel, outcome, { clock }),
  });
  return forwarding.connect();
};

beforeEach(() => {
  clock = new FakeClock();
  network = new FakeNetwork();
  cipher = new ReferenceCipher();
  events = [];
});

describe("an encrypted session", () => {
  it("tells the key with the handshake", async () => {
    await newShell();
    expect(events).toContainEqual(expect.objectContaining({ type: "handshake", kmsKeyId: expect.any(String) }));
  });

  it("carries a standard stream", async () => {
    const stream = await open({ accept: (channel, outcome) => new StandardStream(channel, outcome, clock) });
    stream.write("SSH-2.0-client\r\n");
    network.connection.receive(fromAgent(3, "SSH-2.0-server\r\n"));
    expect(readByAgent()).toEqual(["SSH-2.0-client\r\n"]);
    expect(String(stream.read())).toBe("SSH-2.0-server\r\n");
    stream.destroy();
  });

  it("carries a shell, its sizes in clear", async () => {
    const shell = await newShell();
    shell.resize({ columns: 80, rows: 24 });
    shell.stdin.write("ls\r");
    network.connection.receive(fromAgent(3, "$ "));
    expect(readByAgent()).toEqual(["type 3", "ls\r"]);
    expect(String(shell.stdout.read())).toBe("$ ");
  });

  it("carries a command's outputs and exit code", async () => {
    const shell = await newShell("NonInteractiveCommands");
    network.connection.receive(fromAgent(3, "out"), fromAgent(4, "wrong", 11), fromAgent(5, "EXIT_CODE: 3", 12));
    network.connection.receive(agent.channelClosed());
    expect(await Promise.all([text(shell.stdout), text(shell.stderr), shell.exitCode])).toEqual(["out", "wrong", 3]);
  });

  it("carries one connection to a port, of an old agent", async () => {
    const connection = await connect("3.0.196.0");
    connection.write("GET");
    network.connection.receive(fromAgent(3, "200"));
    expect(readByAgent()).toEqual(["GET"]);
    expect(String(connection.read())).toBe("200");
  });

  it("carries many connections to a port, as frames", async () => {
    const connection = await connect("3.3.987.0");
    connection.write("GET");
    network.connection.receive(fromAgent(3, "\x01\x02\x03\x00\x03\x00\x00\x00200"));
    await clock.advance(0);
    expect(readByAgent().join("")).toBe("\x01\x00\x00\x00\x03\x00\x00\x00\x01\x02\x03\x00\x03\x00\x00\x00GET");
    expect(String(connection.read())).toBe("200");
  });
});

describe("a peer in the middle", () => {
  it.each([
    ["changes a payload, and its digest with it", () => tampered(cipher.encrypt(Buffer.from("ls")))],
    [
      "puts a payload in clear into the stream",
      () => Buffer.from("a payload in clear, long enough to be an encrypted one"),
    ],
    ["sends an empty payload", () => Buffer.alloc(0)],
    ["sends our own payload back to us", sentByUs],
  ])("ends the session with PAYLOAD_UNDECRYPTABLE when it %s", async (_, payload) => {
    const shell = await newShell();
    shell.stdin.write("secret");
    network.connection.receive(agent.output(3, payload()));
    await expect(text(shell.stdout)).rejects.toMatchObject({ code: "PAYLOAD_UNDECRYPTABLE" });
    await expect(shell.ended).resolves.toMatchObject({ by: "client" });
    expect(network.connection.isClosed).toBe(true);
  });

  it("never sees a nonce twice, not even when messages are sent again", async () => {
    const shell = await newShell();
    for (let count = 0; count < 20; count += 1) shell.stdin.write(`key ${count}`);
    const first = network.connection.sent.splice(0);
    await clock.advance(5000);
    const again = network.connection.sent.splice(0);
    expect(again.length).toBeGreaterThan(0);
    expect(again.every((bytes) => first.some((sent) => sent.equals(bytes)))).toBe(true);
    const nonces = first.map((bytes) => bytes.toString("hex", 120, 132));
    expect(new Set(nonces).size).toBe(20);
    await shell.close();
  });
});

function tampered(payload: Buffer): Buffer {
  payload.writeUInt8(payload.readUInt8(13) ^ 1, 13);
  return payload;
}

function sentByUs(): Buffer {
  return Buffer.from(decodeAgentMessage(network.connection.sent.at(-1) ?? Buffer.alloc(0)).payload);
}
