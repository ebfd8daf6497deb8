import { once } from "node:events";
import { get } from "node:https";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { ProxyAgent } from "../../../scripts/aws/proxy-agent.ts";
import { proxySettings } from "../../../scripts/aws/proxy-settings.ts";
import { ExitCode } from "../../../scripts/errors/exit-code.ts";
import type { UserError } from "../../../scripts/errors/user-error.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

let clock: FakeClock;
let proxy: Server;
let agent: ProxyAgent;
let sockets: Socket[];

beforeEach(async () => {
  clock = new FakeClock();
  sockets = [];
  proxy = createServer((socket) => sockets.push(socket));
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
});

afterEach(async () => {
  agent.destroy();
  const closed = once(proxy, "close");
  proxy.close();
  for (const socket of sockets) socket.destroy();
  await closed;
});

/** What a request for a host that only the proxy knows ends with. */
async function errorOf(scheme = "http"): Promise<UserError> {
  const { port } = proxy.address() as AddressInfo;
  const settings = proxySettings({ HTTPS_PROXY: `${scheme}://ada:secret@127.0.0.1:${port}` });
  if (settings === undefined) throw new TypeError("a proxy is named");
  agent = new ProxyAgent(settings, clock, {});
  const [error] = (await once(get("https://ssm.example.com/", { agent }), "error")) as [UserError];
  return error;
}

describe("ProxyAgent", () => {
  it("fails with 69 when the proxy hangs up before it has answered", async () => {
    proxy.on("connection", (socket) => socket.destroy());
    const { message, exitCode } = await errorOf();
    expect(message).toMatch(/^cannot reach proxy "127\.0\.0\.1:\d+": (ECONNRESET|it broke off)$/);
    expect(exitCode).toBe(ExitCode.Unavailable);
    expect(clock.pending).toBe(0);
  });

  it("fails with 69 when the proxy is silent for 30 s", async () => {
    const connected = once(proxy, "connection");
    const failing = errorOf();
    await connected;
    await clock.advance(29_999);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
    const { message, exitCode } = await failing;
    expect(message).toMatch(/^cannot reach proxy ".*": no answer within 30 s$/);
    expect(exitCode).toBe(ExitCode.Unavailable);
  });

  it("shows what a proxy says with its control characters escaped", async () => {
    proxy.on("connection", (socket) => socket.end("HTTP/1.1 503 \u001b[2Jgone\r\n\r\n"));
    const { message } = await errorOf();
    expect(message).toMatch(
      /^cannot connect to "ssm\.example\.com:443": proxy ".*" answered with 503 \\u001b\[2Jgone$/,
    );
  });

  it("fails with 69 when an https: proxy does not speak TLS", async () => {
    proxy.on("connection", (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    const { message, exitCode } = await errorOf("https");
    expect(message).toMatch(/^cannot reach proxy ".*": \w+$/);
    expect(exitCode).toBe(ExitCode.Unavailable);
  });
});
