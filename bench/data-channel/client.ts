// The client's process: does one scenario's work through session-manager/ and tells what it took.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Duplex } from "node:stream";
import WebSocket from "ws";
import { systemClock } from "../../session-manager/clock.ts";
import { openPortForwarding, openStandardStream } from "../../session-manager/index.ts";
import { digestOfFirst, pieceAt } from "./block.ts";
import type { ClientReport, Destination, Scenario } from "./scenario.ts";

const PIECE_BYTES = 64 * 1024;

async function openConnections({ connections, payloadBytes }: Scenario, { ticket }: Destination): Promise<Duplex[]> {
  const options = { ticket, maxPayloadBytes: payloadBytes, clock: systemClock, signUpgrade: () => Promise.resolve({}) };
  if (connections === 0) return [await openStandardStream(options)];
  const forwarding = await openPortForwarding(options);
  return Array.from({ length: connections }, () => forwarding.connect());
}

/** Sends, and counts what was handed over; resolves at the far side's word. */
async function upload(stream: Duplex, length: number, count: (bytes: number) => void): Promise<void> {
  const allReceived = once(stream, "data");
  for (let offset = 0; offset < length;) {
    const piece = pieceAt(offset, Math.min(PIECE_BYTES, length - offset));
    offset += piece.length;
    if (!stream.write(piece)) await once(stream, "drain");
    count(piece.length);
  }
  await allReceived;
}

/** Receives, and counts; resolves with the SHA-256 of all. */
function download(stream: Duplex, length: number, count: (bytes: number) => void): Promise<string> {
  const digest = createHash("sha256");
  let received = 0;
  return new Promise((resolve, reject) => {
    stream.once("error", reject);
    stream.on("data", (bytes: Buffer) => {
      digest.update(bytes);
      received += bytes.length;
      count(bytes.length);
      if (received === length) resolve(digest.digest("hex"));
    });
  });
}

async function transfer(scenario: Scenario, streams: readonly Duplex[]): Promise<Partial<ClientReport>> {
  const { work, bytes } = scenario;
  const expected = digestOfFirst(bytes);
  const counts = streams.map(() => 0);
  let shares: number[] | undefined;
  const cpu = process.cpuUsage();
  const start = performance.now();
  const digests = await Promise.all(
    streams.map(async (stream, index) => {
      const count = (length: number): void => {
        counts[index] = (counts[index] ?? 0) + length;
        if (counts[index] === bytes) shares ??= [...counts];
      };
      if (work === "download") return download(stream, bytes, count);
      await upload(stream, bytes, count);
      return expected;
    }),
  );
  const durationMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { durationMs, processorMs: (user + system) / 1000, digests, shares: shares ?? [] };
}

/** Sends one byte after the other, each when the last one is back. */
async function echo(count: number, send: () => void, back: () => Promise<unknown>): Promise<number[]> {
  const roundTripsMs: number[] = [];
  for (let round = 0; round < count; round++) {
    const start = performance.now();
    const isBack = back();
    send();
    await isBack;
    roundTripsMs.push(performance.now() - start);
  }
  return roundTripsMs;
}

async function bareEcho({ bytes }: Scenario, { echoUrl }: Destination): Promise<number[]> {
  const webSocket = new WebSocket(echoUrl, { perMessageDeflate: false });
  await once(webSocket, "open");
  return echo(
    bytes,
    () => {
      webSocket.send(Buffer.alloc(1));
    },
    () => once(webSocket, "message"),
  );
}

async function measure(scenario: Scenario, destination: Destination): Promise<Partial<ClientReport>> {
  if (scenario.work === "bare echo") return { roundTripsMs: await bareEcho(scenario, destination) };
  const streams = await openConnections(scenario, destination);
  const [stream] = streams;
  if (scenario.work !== "echo" || stream === undefined) return transfer(scenario, streams);
  const send = (): void => void stream.write(Buffer.alloc(1));
  return { roundTripsMs: await echo(scenario.bytes, send, () => once(stream, "data")) };
}

/** What Linux counts for this program alone; elsewhere, the resident size that getrusage(2) knows. */
function peakMiB(): number {
  try {
    const [, kibibytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    return Number(kibibytes) / 1024;
  } catch {
    return process.resourceUsage().maxRSS / 1024;
  }
}

process.on("message", ({ scenario, destination }: { scenario: Scenario; destination: Destination }) => {
  const nothing = { durationMs: 0, processorMs: 0, digests: [], shares: [], roundTripsMs: [] };
  void measure(scenario, destination).then((measured) => {
    process.send?.({ ...nothing, ...measured, peakMiB: peakMiB() } satisfies ClientReport);
  });
});
process.on("disconnect", () => process.exit());
