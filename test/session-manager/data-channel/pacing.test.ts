// Pacing on a long path to a slow agent, in a time that the test turns: the rate is found, and little waits on the way.
import { describe, expect, it } from "@jest/globals";
import { MAX_WINDOW_BYTES } from "../../../session-manager/data-channel/in-flight-window.ts";
import { OutgoingStream } from "../../../session-manager/data-channel/outgoing-stream.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

const PAYLOAD = Buffer.alloc(1024);

interface Path {
  readonly delayMs: number;
  readonly bytesPerMs: number;
  /** When the agent takes nothing at all. */
  readonly stalls?: readonly { readonly fromMs: number; readonly toMs: number }[];
}

interface Figures {
  /** What the agent took. */
  readonly takenBytes: number;
  readonly peakInFlightBytes: number;
  readonly lastInFlightBytes: number;
  readonly resentMessages: number;
}

/** A source that is never empty, for so long; the path is looked at each millisecond. */
async function send({ delayMs, bytesPerMs, stalls = [] }: Path, durationMs: number): Promise<Figures> {
  const clock = new FakeClock(0);
  const onTheirWay: { readonly atMs: number; readonly length: number; readonly number: number }[] = [];
  const acknowledgements: { readonly atMs: number; readonly number: number }[] = [];
  let [takenBytes, peakInFlightBytes, resentMessages, credit] = [0, 0, 0, 0];
  const stream: OutgoingStream = new OutgoingStream({
    clock,
    transmit: (bytes) => {
      onTheirWay.push({ atMs: clock.now() + delayMs, length: bytes.length, number: bytes.readUInt32BE(52) });
    },
    isBlocked: () => false,
    onRoom: () => {
      fill();
    },
    onResent: (count) => (resentMessages += count),
    onGivenUp: () => undefined,
  });
  const fill = (): void => {
    while (stream.hasRoom) {
      stream.send(1, PAYLOAD);
    }
    peakInFlightBytes = Math.max(peakInFlightBytes, stream.inFlightBytes);
  };
  stream.setFlow("flowing");
  fill();
  for (let now = 1; now <= durationMs; now += 1) {
    await clock.advance(1);
    const isStalled = stalls.some(({ fromMs, toMs }) => now >= fromMs && now < toMs);
    credit = isStalled ? 0 : Math.min(credit, 0) + bytesPerMs;
    for (let next = onTheirWay[0]; credit > 0 && next !== undefined && next.atMs <= now; next = onTheirWay[0]) {
      onTheirWay.shift();
      credit -= next.length;
      takenBytes += next.length;
      acknowledgements.push({ atMs: now + delayMs, number: next.number });
    }
    while (acknowledgements[0] !== undefined && acknowledgements[0].atMs <= now) {
      stream.acknowledge(acknowledgements.shift()?.number ?? 0);
    }
  }
  const lastInFlightBytes = stream.inFlightBytes;
  stream.stop();
  return { takenBytes, peakInFlightBytes, lastInFlightBytes, resentMessages };
}

const SECONDS = 20;
const used = (figures: Figures, { bytesPerMs }: Path): number => figures.takenBytes / (SECONDS * 1000 * bytesPerMs);

describe("pacing, over 20 s from the start on", () => {
  it.each<Path>([
    { delayMs: 50, bytesPerMs: 5000 },
    { delayMs: 150, bytesPerMs: 2000 },
    { delayMs: 50, bytesPerMs: 100 },
    { delayMs: 1, bytesPerMs: 10_000 },
  ])(
    "uses nine tenths and more of an agent that takes $bytesPerMs bytes a ms at $delayMs ms each way",
    async (path) => {
      const figures = await send(path, SECONDS * 1000);
      expect(used(figures, path)).toBeGreaterThan(0.9);
      expect(figures.peakInFlightBytes).toBeLessThanOrEqual(MAX_WINDOW_BYTES);
      expect(figures.resentMessages).toBe(0);
    },
  );

  it("settles at what the path holds and 50 ms of queue", async () => {
    const { lastInFlightBytes } = await send({ delayMs: 50, bytesPerMs: 5000 }, SECONDS * 1000);
    expect(lastInFlightBytes / 5000).toBeGreaterThan(100 + 25);
    expect(lastInFlightBytes / 5000).toBeLessThan(100 + 75);
  });

  it("holds the source while the agent takes nothing, and finds the rate again", async () => {
    const path = { delayMs: 50, bytesPerMs: 5000, stalls: [{ fromMs: 5000, toMs: 9000 }] };
    const figures = await send(path, SECONDS * 1000);
    expect(figures.takenBytes).toBeGreaterThan(0.85 * (SECONDS - 4) * 1000 * path.bytesPerMs);
    expect(figures.peakInFlightBytes).toBeLessThanOrEqual(MAX_WINDOW_BYTES);
  });
});
