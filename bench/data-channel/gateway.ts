// The gateway's process: a data channel's far end for one scenario, told and asked over IPC.
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { FAST_TIMING } from "../../sandbox/agent/timing.ts";
import { startLoneGateway } from "../../sandbox/services/lone-gateway.ts";
import { systemClock } from "../../session-manager/clock.ts";
import { digestOfFirst } from "./block.ts";
import { Echo, Sink, Source } from "./far-sides.ts";
import { Port, type Destination, type GatewayReport, type Scenario } from "./scenario.ts";

/** `portNumber` of the session: what its connections lead to. */
const portOf = { upload: Port.sink, download: Port.source, echo: Port.echo, "bare echo": Port.echo } as const;

async function open(scenario: Scenario, digests: string[]): Promise<Destination> {
  let opened = 0;
  const farSide = (port: number): Duplex => {
    if (port === Port.source) return new Source(scenario.bytes);
    if (port === Port.echo) return new Echo();
    const index = opened++;
    return new Sink({
      clock: systemClock,
      expectedBytes: scenario.bytes,
      bytesPerSecond: scenario.sinkBytesPerSecond,
      onDigest: (digest) => (digests[index] = digest),
    });
  };
  const gateway = await startLoneGateway({
    clock: systemClock,
    dial: (_host, port) => Promise.resolve(farSide(port)),
    timing: { ...FAST_TIMING, payloadBytes: scenario.payloadBytes },
  });
  for (const line of [gateway.faults.toAgent, gateway.faults.toClient]) {
    line.delay = scenario.delayMs > 0 ? 1 : 0;
    line.delayMs = scenario.delayMs;
  }
  const portNumber = [String(portOf[scenario.work])];
  const ticket =
    scenario.connections > 0
      ? gateway.startSession("AWS-StartPortForwardingSession", { portNumber, localPortNumber: ["0"] })
      : gateway.startSession("AWS-StartSSHSession", { portNumber });
  return { ticket, echoUrl: await startBareEcho() };
}

/** A websocket that gives every message back. */
async function startBareEcho(): Promise<string> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
  server.on("connection", (webSocket) => {
    webSocket.on("message", (bytes: Buffer) => {
      webSocket.send(bytes);
    });
  });
  await new Promise((resolve) => server.once("listening", resolve));
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const digests: string[] = [];
process.on("message", (message: Scenario | "report") => {
  if (message === "report") {
    process.send?.({ digests } satisfies GatewayReport);
    return;
  }
  const { work, bytes, connections } = message;
  if (work === "download") digests.push(...Array<string>(Math.max(1, connections)).fill(digestOfFirst(bytes)));
  void open(message, digests).then((destination) => process.send?.(destination));
});
process.on("disconnect", () => process.exit());
