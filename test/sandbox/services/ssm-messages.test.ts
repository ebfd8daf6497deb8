import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import { noFaults, type Faults } from "../../../sandbox/faults.ts";
import { AuthorizedKeys } from "../../../sandbox/instances/authorized-keys.ts";
import { Instances } from "../../../sandbox/instances/instances.ts";
import type { SessionPreferences } from "../../../sandbox/services/session-preferences.ts";
import { Sessions, type Session } from "../../../sandbox/services/sessions.ts";
import { SsmMessages } from "../../../sandbox/services/ssm-messages.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import {
  acknowledgement,
  flagMessage,
  handshakeResponse,
  read,
  written,
  type WireMessage,
} from "../agent/hand-written-wire.ts";

const TARGET = "i-0123456789abcdef0";

let directory: string;
let clock: FakeClock;
let faults: Faults;
let sessions: Sessions;
let instances: Instances;
let gateway: SsmMessages;
let server: Server;
let clients: Client[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "gateway-"));
  clock = new FakeClock();
  faults = noFaults();
  sessions = new Sessions(clock);
  const authorizedKeys = new AuthorizedKeys(clock);
  instances = new Instances({ directory, clock, authorizedKeys, sshServer: "ssh2" });
  gateway = new SsmMessages({ sessions, instances, clock, faults });
  server = createServer().on("upgrade", (request, socket, head) => {
    gateway.handleUpgrade(request, socket, head);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  clients = [];
});

afterEach(async () => {
  for (const client of clients) client.webSocket.terminate();
  await gateway.close();
  await instances.close();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true, force: true });
});

/** A client that speaks the wire by hand and keeps what it hears. */
class Client {
  readonly webSocket: WebSocket;
  readonly heard: WireMessage[] = [];
  readonly pongs: string[] = [];
  closed: { code: number; reason: string } | undefined;
  #told: (() => void)[] = [];

  constructor(path: string) {
    this.webSocket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
    this.webSocket.on("error", () => undefined);
    this.webSocket.on("message", (bytes: Buffer) => {
      this.heard.push(read(bytes));
      this.#tell();
    });
    this.webSocket.on("pong", (data) => {
      this.pongs.push(data.toString());
      this.#tell();
    });
    this.webSocket.on("close", (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.#tell();
    });
    clients.push(this);
  }

  static async open(sessionId: string): Promise<Client> {
    const client = new Client(`/v1/data-channel/${encodeURIComponent(sessionId)}?role=publish_subscribe`);
    await new Promise((resolve) => client.webSocket.once("open", resolve));
    return client;
  }

  sendToken(tokenValue: string): void {
    this.webSocket.send(JSON.stringify({ MessageSchemaVersion: "1.0", RequestId: "r", TokenValue: tokenValue }));
  }

  async until(condition: (client: Client) => boolean): Promise<void> {
    while (!condition(this)) await new Promise<void>((resolve) => this.#told.push(resolve));
  }

  get text(): string {
    return this.heard
      .filter((message) => message.payloadType === 1)
      .map((message) => message.payload.toString())
      .join("");
  }

  #tell(): void {
    for (const resolve of this.#told.splice(0)) resolve();
  }
}

function start(preferences?: SessionPreferences): { session: Session; tokenValue: string } {
  const owner = "arn:aws:iam::123456789012:user/person";
  return sessions.start({
    target: TARGET,
    documentName: "AWS-StartSSHSession",
    parameters: { portNumber: ["22"] },
    owner,
    ownerUserId: "AIDA",
    ...(preferences && { preferences }),
  });
}

async function established(preferences?: SessionPreferences): Promise<{ session: Session; client: Client }> {
  const { session, tokenValue } = start(preferences);
  const client = await Client.open(session.sessionId);
  client.sendToken(tokenValue);
  await client.until(({ heard }) => heard.some((message) => message.payloadType === 5));
  client.webSocket.send(acknowledgement({ id: "", number: 0 }));
  client.webSocket.send(handshakeResponse());
  await client.until(({ heard }) => heard.some((message) => message.payloadType === 7));
  return { session, client };
}

describe("SsmMessages, the token", () => {
  it("opens the data channel, and the agent asks at once", async () => {
    const { client } = await established();
    expect(client.heard.map((message) => message.payloadType).slice(0, 3)).toEqual([5, 0, 7]);
  });

  it("leads to the instance's SSH server, which speaks first", async () => {
    const { client } = await established();
    await client.until(({ text }) => text.includes("\r\n"));
    expect(client.text).toMatch(/^SSH-2\.0-/);
  });

  it.each([
    [
      "a wrong token",
      (client: Client) => {
        client.sendToken("wrong");
      },
    ],
    [
      "a frame that is not JSON",
      (client: Client) => {
        client.webSocket.send("hello");
      },
    ],
    [
      "a binary first frame",
      (client: Client) => {
        client.webSocket.send(Buffer.from("{}"));
      },
    ],
  ])("closes the websocket for %s, without a message", async (_name, send) => {
    const client = await Client.open(start().session.sessionId);
    send(client);
    await client.until(({ closed }) => closed !== undefined);
    expect([client.closed?.code, client.heard]).toEqual([1008, []]);
  });

  it("closes the websocket for a token that was used", async () => {
    const { session, tokenValue } = start();
    const [first, second] = [await Client.open(session.sessionId), await Client.open(session.sessionId)];
    first.sendToken(tokenValue);
    await first.until(({ heard }) => heard.length > 0);
    second.sendToken(tokenValue);
    await second.until(({ closed }) => closed !== undefined);
    expect([second.closed?.code, first.closed]).toEqual([1008, undefined]);
  });

  it("closes the websocket for the token of another session", async () => {
    const [one, other] = [start(), start()];
    const client = await Client.open(one.session.sessionId);
    client.sendToken(other.tokenValue);
    await client.until(({ closed }) => closed !== undefined);
    expect(client.closed?.code).toBe(1008);
  });

  it("is waited for 15 s", async () => {
    const client = await Client.open(start().session.sessionId);
    await clock.advance(15_000);
    await client.until(({ closed }) => closed !== undefined);
    expect(client.closed?.code).toBe(1006);
  });

  it("may come after a ping, which is answered at once", async () => {
    const client = await Client.open(start().session.sessionId);
    client.webSocket.ping("keepalive");
    await client.until(({ pongs }) => pongs.length > 0);
    expect(client.pongs).toEqual(["keepalive"]);
  });

  it("fails with 404 for any other path", async () => {
    const client = new Client("/v1/control-channel/x");
    const status = await new Promise((resolve) =>
      client.webSocket.once("unexpected-response", (_request, response) => {
        resolve(response.statusCode);
      }),
    );
    expect(status).toBe(404);
  });
});

describe("SsmMessages, the end of a session", () => {
  it("is told by channel_closed with the reason, and the client is left to go by itself", async () => {
    const { session, client } = await established();
    sessions.end(session.sessionId, "the reason");
    await client.until(({ heard }) => heard.at(-1)?.type === "channel_closed");
    expect(client.heard.at(-1)?.payloadType).toBe(-1);
    expect(JSON.parse(client.heard.at(-1)?.payload.toString() ?? "")).toMatchObject({
      MessageType: "channel_closed",
      DestinationId: TARGET,
      SessionId: session.sessionId,
      SchemaVersion: 1,
      CreatedDate: String(clock.now()),
      Output: "the reason",
    });
    expect(client.closed).toBeUndefined();
    await clock.advance(5_000);
    await client.until(({ closed }) => closed !== undefined);
  });

  it("comes with the client's TerminateSession", async () => {
    const { session, client } = await established();
    client.webSocket.send(flagMessage(1, 2));
    await client.until(({ heard }) => heard.at(-1)?.type === "channel_closed");
    expect(sessions.find(session.sessionId)?.status).toBe("Terminated");
  });

  it("comes when the instance stops", async () => {
    const { session, client } = await established();
    await client.until(({ text }) => text.length > 0);
    sessions.endAll(TARGET, "");
    await instances.stop(TARGET);
    await client.until(({ heard }) => heard.at(-1)?.type === "channel_closed");
    expect(sessions.find(session.sessionId)?.status).toBe("Terminated");
  });

  it("comes after 20 minutes without a word of the client, in AWS's words", async () => {
    const { session, client } = await established();
    await clock.advance(20 * 60_000);
    expect(sessions.find(session.sessionId)?.endReason).toBe(
      "Your session timed out due to inactivity and has been terminated.",
    );
    client.webSocket.terminate();
  });

  it("comes earlier where the account's preferences say so", async () => {
    const { session } = await established(preferred({ idleTimeoutMs: 5 * 60_000 }));
    await clock.advance(5 * 60_000 - 1);
    expect(sessions.find(session.sessionId)?.status).toBe("Connected");
    await clock.advance(1);
    expect(sessions.find(session.sessionId)?.endReason).toBe(
      "Your session timed out due to inactivity and has been terminated.",
    );
  });

  it("comes at the age that the account's preferences allow, however busy the client is", async () => {
    const { session, client } = await established(preferred({ maxDurationMs: 2 * 60_000 }));
    await clock.advance(60_000);
    client.webSocket.send(written({ number: 1, payload: Buffer.from("SSH-2.0-test\r\n") }));
    await client.until(({ heard }) => heard.some((message) => message.type === "acknowledge"));
    await clock.advance(60_000);
    expect(sessions.find(session.sessionId)?.endReason).toBe(
      "Your session has reached its maximum duration and has been terminated.",
    );
  });
});

function preferred(said: Partial<SessionPreferences>): SessionPreferences {
  return {
    kmsKeyId: undefined,
    logGroup: undefined,
    bucket: undefined,
    idleTimeoutMs: undefined,
    maxDurationMs: undefined,
    runAsUser: undefined,
    linuxProfile: "",
    ...said,
  };
}

describe("SsmMessages, a resumed session", () => {
  it("goes on where it was, with a new token and no handshake", async () => {
    const { session, client } = await established();
    await client.until(({ text }) => text.includes("\r\n"));
    client.webSocket.terminate();
    const again = await Client.open(session.sessionId);
    again.sendToken(sessions.issueToken(session.sessionId) ?? "");
    await again.until(({ text }) => text.includes("\r\n"));
    again.webSocket.send(written({ number: 1, payload: Buffer.from("SSH-2.0-test\r\n") }));
    await again.until(({ heard }) => heard.some((message) => message.type === "acknowledge"));
    expect(again.heard.map((message) => message.payloadType)).not.toContain(5);
    expect(sessions.find(session.sessionId)?.status).toBe("Connected");
  });

  it("is refused when the fault says so", async () => {
    const { session, client } = await established();
    client.webSocket.terminate();
    faults.refuseResume = true;
    const again = await Client.open(session.sessionId);
    again.sendToken(sessions.issueToken(session.sessionId) ?? "");
    await again.until(({ closed }) => closed !== undefined);
    expect(again.closed?.code).toBe(1008);
  });
});

describe("SsmMessages, faults of the websocket", () => {
  it("cuts it after so many bytes", async () => {
    const { client } = await established();
    faults.closeSocketAfterBytes = 1;
    client.webSocket.send(acknowledgement({ id: "", number: 1 }));
    await client.until(({ closed }) => closed !== undefined);
    expect(client.closed?.code).toBe(1006);
  });

  it("closes it with 1000 Bye at the minute named", async () => {
    const { client } = await established();
    faults.closeSocketAtMinute = 2;
    await clock.advance(119_900);
    expect(client.webSocket.readyState).toBe(WebSocket.OPEN);
    await clock.advance(100);
    await client.until(({ closed }) => closed !== undefined);
    expect(client.closed).toEqual({ code: 1000, reason: "Bye" });
  });

  it("leaves pings unanswered", async () => {
    const { client } = await established();
    faults.stopPonging = true;
    client.webSocket.ping("first");
    client.webSocket.send(flagMessage(1, 2));
    await client.until(({ heard }) => heard.at(-1)?.type === "channel_closed");
    expect(client.pongs).toEqual([]);
  });

  it("tells the client to pause, and to go on", async () => {
    const { client } = await established();
    faults.pausePublication = true;
    await clock.advance(100);
    await client.until(({ heard }) => heard.at(-1)?.type === "pause_publication");
    faults.pausePublication = false;
    await clock.advance(100);
    await client.until(({ heard }) => heard.some((message) => message.type === "start_publication"));
    expect(client.closed).toBeUndefined();
  });
});
