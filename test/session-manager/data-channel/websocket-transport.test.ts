// The websocket itself, against a server on loopback.
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import type { ConnectionError } from "../../../session-manager/data-channel/connection-error.ts";
import type { Transport } from "../../../session-manager/data-channel/transport.ts";
import {
  allowedUrl,
  MAX_MESSAGE_BYTES,
  OPEN_LIMIT_MS,
  webSocketTransport,
} from "../../../session-manager/data-channel/websocket-transport.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

let clock: FakeClock;
let server: Server;
let websockets: WebSocketServer;
let upgrades: IncomingMessage[];
let sockets: Duplex[];
let onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
let received: Buffer[];
let losses: ConnectionError[];
let transports: Transport[];

const listener = {
  onMessage: (bytes: Buffer): void => void received.push(Buffer.from(bytes)),
  onClose: (cause: ConnectionError): void => void losses.push(cause),
};

async function open(signal = new AbortController().signal): Promise<Transport> {
  const { port } = server.address() as AddressInfo;
  const openTransport = webSocketTransport({ clock, signUpgrade: () => Promise.resolve({ authorization: "signed" }) });
  const transport = await openTransport(
    `ws://127.0.0.1:${port}/v1/data-channel/s?role=publish_subscribe`,
    listener,
    signal,
  );
  transports.push(transport);
  return transport;
}

async function openPair(): Promise<{ transport: Transport; peer: WebSocket }> {
  const connected = once(websockets, "connection");
  const transport = await open();
  const [peer] = (await connected) as [WebSocket];
  return { transport, peer };
}

/** Lets the event loop turn until `isDone`; jest's own limit is the deadline. */
async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await nextTurn();
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

beforeEach(async () => {
  clock = new FakeClock();
  [upgrades, sockets, received, losses, transports] = [[], [], [], [], []];
  websockets = new WebSocketServer({ noServer: true });
  onUpgrade = (request, socket, head) => {
    websockets.handleUpgrade(request, socket, head, (peer) => websockets.emit("connection", peer));
  };
  server = createServer();
  server.on("upgrade", (request, socket, head) => {
    upgrades.push(request);
    sockets.push(socket);
    onUpgrade(request, socket, head);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
});

afterEach(async () => {
  for (const transport of transports) transport.close();
  for (const peer of websockets.clients) peer.terminate();
  for (const socket of sockets) socket.destroy();
  server.close();
  await once(server, "close");
});

describe("allowedUrl()", () => {
  it.each([
    "wss://ssmmessages.eu-west-1.amazonaws.com/v1/data-channel/s?role=publish_subscribe",
    "ws://127.0.0.1:8080/x",
    "ws://127.1.2.3/x",
    "ws://localhost:1/x",
    "ws://[::1]:8080/x",
  ])("allows %s", (streamUrl) => {
    expect(allowedUrl(streamUrl).href).toBe(streamUrl);
  });

  it.each([
    "ws://ssmmessages.eu-west-1.amazonaws.com/x",
    "ws://127.0.0.1.example.com/x",
    "ws://localhost.example.com/x",
    "ws://10.0.0.1/x",
    "ws://0.0.0.0/x",
    "http://127.0.0.1/x",
    "https://ssmmessages.eu-west-1.amazonaws.com/x",
    "",
    "no url",
  ])("fails with URL_NOT_ALLOWED on %j", (streamUrl) => {
    expect(() => allowedUrl(streamUrl)).toThrow(expect.objectContaining({ code: "URL_NOT_ALLOWED" }));
  });

  it("shows no query, which may carry a signature", () => {
    expect(() => allowedUrl("ws://service.example/x?X-Amz-Signature=abc")).toThrow(
      'cannot open data channel: "ws://service.example" is neither wss: nor on this computer',
    );
  });
});

describe("opening", () => {
  it("sends the headers of the signer, and asks for no extension", async () => {
    await open();
    const { headers, url } = upgrades[0] ?? { headers: {}, url: "" };
    expect([headers.authorization, headers["sec-websocket-extensions"], url]).toEqual([
      "signed",
      undefined,
      "/v1/data-channel/s?role=publish_subscribe",
    ]);
  });

  it("fails with UPGRADE_REFUSED, the status and the service's words on one printable line", async () => {
    onUpgrade = (_, socket) => {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 27\r\n\r\n{"message":"\u001b[2J\nforged"}  ');
    };
    await expect(open()).rejects.toMatchObject({
      code: "UPGRADE_REFUSED",
      statusCode: 403,
      message: expect.stringMatching(
        /^cannot open data channel: "127\.0\.0\.1:\d+" answered with HTTP status 403: \{"message":" \[2J forged"\}$/,
      ),
    });
  });

  it("follows no redirect", async () => {
    onUpgrade = (_, socket) => {
      socket.end("HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
    };
    await expect(open()).rejects.toMatchObject({ code: "UPGRADE_REFUSED", statusCode: 302 });
  });

  it("fails with CONNECTION_FAILED when nobody listens", async () => {
    const openTransport = webSocketTransport({ clock, signUpgrade: () => Promise.resolve({}) });
    const opening = openTransport("ws://127.0.0.1:1/", listener, new AbortController().signal);
    await expect(opening).rejects.toMatchObject({ code: "CONNECTION_FAILED" });
    expect(clock.pending).toBe(0);
  });

  it("fails with CONNECTION_FAILED when the server hangs up", async () => {
    onUpgrade = (_, socket) => {
      socket.destroy();
    };
    await expect(open()).rejects.toMatchObject({ code: "CONNECTION_FAILED" });
  });

  it("fails with OPEN_TIMED_OUT after 45 s of silence", async () => {
    onUpgrade = () => undefined;
    const opening = open().catch((error: unknown) => error);
    await until(() => upgrades.length > 0);
    await clock.advance(OPEN_LIMIT_MS);
    expect(await opening).toMatchObject({ code: "OPEN_TIMED_OUT" });
  });

  it("fails with the signal's reason when it is aborted", async () => {
    onUpgrade = () => undefined;
    const controller = new AbortController();
    const opening = open(controller.signal).catch((error: unknown) => error);
    await until(() => upgrades.length > 0);
    controller.abort(new Error("interrupted"));
    expect(await opening).toEqual(new Error("interrupted"));
    expect(clock.pending).toBe(0);
  });

  it("does not even sign when it is aborted before", async () => {
    await expect(open(AbortSignal.abort(new Error("interrupted")))).rejects.toThrow("interrupted");
    expect(upgrades).toEqual([]);
  });
});

describe("an open transport", () => {
  it("sends text as text and messages as binary, in order", async () => {
    const { transport, peer } = await openPair();
    const frames: string[] = [];
    peer.on("message", (data: Buffer, isBinary) => frames.push(`${isBinary ? "binary" : "text"} ${data.toString()}`));
    transport.sendText(Buffer.from("token"));
    transport.send(Buffer.from("one"));
    transport.send(Buffer.from("two"));
    await until(() => frames.length === 3);
    expect(frames).toEqual(["text token", "binary one", "binary two"]);
  });

  it("puts fragments together", async () => {
    const { peer } = await openPair();
    peer.send("frag", { binary: true, fin: false });
    peer.send("ment", { binary: true });
    await until(() => received.length === 1);
    expect(received.join()).toBe("fragment");
  });

  it("loses the connection over a message of more than 1 MiB", async () => {
    const { peer } = await openPair();
    peer.send(Buffer.alloc(MAX_MESSAGE_BYTES + 1));
    await until(() => losses.length === 1);
    expect(losses[0]).toMatchObject({ code: "CONNECTION_LOST", message: "connection lost: Max payload size exceeded" });
  });

  it("tells the close's code and reason, printable, once", async () => {
    const { peer } = await openPair();
    peer.close(1000, "Bye\u001b[2J");
    await until(() => losses.length === 1);
    await clock.advance(1);
    expect(losses.map(({ message }) => message)).toEqual(["connection lost: websocket closed with 1000 Bye [2J"]);
  });

  it("tells nothing after its own close, and leaves no timer", async () => {
    const { transport, peer } = await openPair();
    const closed = once(peer, "close");
    transport.close();
    await closed;
    await clock.advance(0);
    expect([losses, clock.pending]).toEqual([[], 0]);
  });

  it("cuts the connection 1 s after its own close if the peer does not answer", async () => {
    const { transport, peer } = await openPair();
    peer.pause();
    transport.close();
    const closed = once(peer, "close");
    await clock.advance(1000);
    peer.resume();
    await closed;
    expect(clock.pending).toBe(0);
  });

  it("reads nothing while it is paused", async () => {
    const { transport, peer } = await openPair();
    transport.pause();
    const ponged = once(peer, "pong");
    peer.send("held");
    peer.ping();
    await nextTurn();
    expect(received).toEqual([]);
    transport.resume();
    await ponged;
    expect(received.join()).toBe("held");
  });

  it("pings, and takes the pong for a sign of life", async () => {
    const { peer } = await openPair();
    const pinged = once(peer, "ping");
    await clock.advance(15_000);
    expect(String((await pinged)[0])).toBe("keepalive");
    for (let turn = 0; turn < 10; turn += 1) await nextTurn(); // the pong is in our kernel's hands already
    await clock.advance(15_000);
    expect(losses).toEqual([]);
  });

  it("finds a peer dead that answers no ping, within 45 s", async () => {
    const { peer } = await openPair();
    peer.pause();
    await clock.advance(45_000);
    expect(losses.map(({ code }) => code)).toEqual(["CONNECTION_SILENT"]);
  });
});
