// Reliable delivery as a property: whatever happens on the way, the bytes arrive whole, in order, once.
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { ConnectionError } from "../../session-manager/data-channel/connection-error.ts";
import { DataChannel } from "../../session-manager/data-channel/data-channel.ts";
import type { OpenTransport, TransportListener } from "../../session-manager/data-channel/transport.ts";
import { StandardStream } from "../../session-manager/sessions/standard-stream.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { ReferenceAgent } from "./reference-agent.ts";

/** What may happen to one message on its way. */
type Fate = "deliver" | "drop" | "duplicate" | "damage" | "late" | "cut";

const fate = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Fate>("deliver") },
  { weight: 2, arbitrary: fc.constantFrom<Fate>("drop", "duplicate", "damage", "late") },
  { weight: 1, arbitrary: fc.constant<Fate>("cut") },
);
const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 3000 }), { maxLength: 12 });
const schedule = fc.record({
  fates: fc.array(fate, { maxLength: 120 }),
  delayMs: fc.integer({ min: 0, max: 300 }),
  upload: pieces,
  download: pieces,
});

/** A path on which messages meet their fates in the order in which they are sent; when these are used up, all is well. */
class FaultyPath {
  readonly #clock: FakeClock;
  readonly #fates: Fate[];
  readonly #delayMs: number;
  #listener: TransportListener | undefined;
  agent: ReferenceAgent | undefined;
  #wasOpened = false;

  constructor(clock: FakeClock, fates: readonly Fate[], delayMs: number) {
    this.#clock = clock;
    this.#fates = [...fates];
    this.#delayMs = delayMs;
  }

  readonly openTransport: OpenTransport = (_, listener) => {
    const isFirst = !this.#wasOpened;
    this.#wasOpened = true;
    this.#listener = listener;
    return Promise.resolve({
      bufferedBytes: 0,
      send: (bytes) => {
        if (this.#listener === listener) this.#carry(bytes, (arrived) => this.agent?.onMessage(arrived));
      },
      sendText: () => {
        if (isFirst) this.#clock.schedule(1, () => this.agent?.start());
      },
      pause: () => undefined,
      resume: () => undefined,
      close: () => undefined,
    });
  };

  toClient(bytes: Buffer): void {
    const listener = this.#listener;
    this.#carry(bytes, (arrived) => {
      if (this.#listener === listener) listener?.onMessage(arrived);
    });
  }

  #carry(bytes: Buffer, deliver: (bytes: Buffer) => void): void {
    const met = this.#fates.shift() ?? "deliver";
    if (met === "drop") return;
    if (met === "cut") {
      this.#cut();
      return;
    }
    const arrived = Buffer.from(bytes);
    if (met === "damage") arrived.writeUInt8(arrived.readUInt8(arrived.length - 1) ^ 0xff, arrived.length - 1);
    this.#clock.schedule(this.#delayMs * (met === "late" ? 3 : 1), () => {
      deliver(arrived);
    });
    if (met === "duplicate")
      this.#clock.schedule(this.#delayMs * 2, () => {
        deliver(arrived);
      });
  }

  #cut(): void {
    const listener = this.#listener;
    this.#clock.schedule(0, () => {
      if (this.#listener !== listener || listener === undefined) return;
      this.#listener = undefined;
      listener.onClose(new ConnectionError("CONNECTION_LOST", "cut"));
    });
  }
}

interface Outcome {
  readonly uploaded: Buffer;
  readonly downloaded: Buffer;
  readonly pendingTimers: number;
}

async function transfer(faults: typeof schedule extends fc.Arbitrary<infer Value> ? Value : never): Promise<Outcome> {
  const clock = new FakeClock();
  const path = new FaultyPath(clock, faults.fates, faults.delayMs);
  const agent = new ReferenceAgent(
    clock,
    (bytes) => {
      path.toClient(bytes);
    },
    faults.download.map((piece) => Buffer.from(piece)),
  );
  path.agent = agent;
  const downloaded: Buffer[] = [];
  let stream: StandardStream | undefined;
  const channel = new DataChannel({
    ticket: { sessionId: "s", streamUrl: "wss://service.example/", tokenValue: "t" },
    clock,
    openTransport: path.openTransport,
    clientVersion: "1.2.764.0",
    resume: () => Promise.resolve({ sessionId: "s", streamUrl: "wss://service.example/", tokenValue: "t" }),
    accept: (opened, outcome) => {
      stream = new StandardStream(opened, outcome, clock);
      stream.on("data", (bytes: Buffer) => downloaded.push(bytes));
      for (const piece of faults.upload) stream.write(piece);
      return stream;
    },
  });
  void channel.open();
  const wanted = total(faults.upload);
  for (let second = 0; second < 600; second += 1) {
    await clock.advance(1000);
    if (total(agent.received) === wanted && agent.isDone && total(downloaded) === total(faults.download)) break;
  }
  agent.stop();
  stream?.destroy();
  await clock.advance(5000);
  return {
    uploaded: Buffer.concat(agent.received),
    downloaded: Buffer.concat(downloaded),
    pendingTimers: clock.pending,
  };
}

const total = (parts: readonly Uint8Array[]): number => parts.reduce((sum, { length }) => sum + length, 0);

describe("reliable delivery", () => {
  it("brings both directions' bytes whole, in order, once, whatever is dropped, doubled, damaged, late or cut", async () => {
    await fc.assert(
      fc.asyncProperty(schedule, async (faults) => {
        const outcome = await transfer(faults);
        expect(outcome.uploaded.equals(Buffer.concat(faults.upload))).toBe(true);
        expect(outcome.downloaded.equals(Buffer.concat(faults.download))).toBe(true);
        expect(outcome.pendingTimers).toBe(0);
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});
