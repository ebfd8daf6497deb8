// Plays a schedule of bytes, faults and pauses on one stream, and lists every promise that was broken on the way.
import fc from "fast-check";
import { DataChannel } from "../../../session-manager/data-channel/data-channel.ts";
import { MAX_WINDOW_BYTES } from "../../../session-manager/data-channel/in-flight-window.ts";
import { StandardStream } from "../../../session-manager/sessions/standard-stream.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { control } from "../agent-messages.ts";
import { fates, FaultyPath } from "./faulty-path.ts";
import { ReferenceAgent } from "./reference-agent.ts";
import { referenceEncryption } from "./reference-encryption.ts";

const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 3000 }), { maxLength: 12 });

/** Everything that may happen to a stream. */
export const streamSchedule = fc.record({
  fates,
  delayMs: fc.integer({ min: 0, max: 300 }),
  isEncrypted: fc.boolean(),
  upload: pieces,
  download: pieces,
  /** When the service says that the agent is away, and for how long. */
  pauses: fc.array(fc.record({ atMs: fc.nat(3000), forMs: fc.nat(5000) }), { maxLength: 2 }),
});

export type StreamSchedule = typeof streamSchedule extends fc.Arbitrary<infer Value> ? Value : never;

const LIMIT_SECONDS = 600;
const TICKET = { sessionId: "s", streamUrl: "wss://service.example/", tokenValue: "t" };

/** Plays it; the list of what went wrong is empty when all is well. */
export async function playStreamSchedule(schedule: StreamSchedule): Promise<string[]> {
  const clock = new FakeClock();
  const path = new FaultyPath(clock, schedule.fates, schedule.delayMs);
  const [uploaded, downloaded]: [Buffer[], Buffer[]] = [[], []];
  const agent = new ReferenceAgent({
    clock,
    opening: schedule.isEncrypted ? "encrypted handshake" : "handshake",
    transmit: (bytes) => {
      path.toClient(bytes);
    },
    onEstablished: (established) => {
      for (const piece of schedule.download) established.send(Buffer.from(piece));
    },
    onOutput: (payload) => uploaded.push(payload),
  });
  path.agent = agent;
  for (const { atMs, forMs } of schedule.pauses) {
    for (const [type, delayMs] of [["pause_publication", atMs] as const, ["start_publication", atMs + forMs] as const])
      clock.schedule(delayMs, () => {
        path.say(control(type));
      });
  }
  const stream = await openStream(schedule, path, clock);
  stream.on("data", (bytes: Buffer) => downloaded.push(bytes));
  for (let second = 0; second < LIMIT_SECONDS; second += 1) {
    await clock.advance(1000);
    const isThrough = total(uploaded) === total(schedule.upload) && total(downloaded) === total(schedule.download);
    if (isThrough && agent.isDone) break;
  }
  agent.stop();
  stream.destroy();
  await clock.advance(10_000);
  return [
    ...(Buffer.concat(uploaded).equals(Buffer.concat(schedule.upload)) ? [] : ["the upload is not what was sent"]),
    ...(Buffer.concat(downloaded).equals(Buffer.concat(schedule.download))
      ? []
      : ["the download is not what was sent"]),
    ...(clock.pending === 0 ? [] : [`${clock.pending} timers are left`]),
    ...(path.peakUnacknowledgedBytes <= MAX_WINDOW_BYTES ? [] : [`${path.peakUnacknowledgedBytes} bytes in flight`]),
  ];
}

async function openStream(
  { upload, isEncrypted }: StreamSchedule,
  path: FaultyPath,
  clock: FakeClock,
): Promise<StandardStream> {
  let stream: StandardStream | undefined;
  const channel = new DataChannel({
    ticket: TICKET,
    clock,
    openTransport: path.openTransport,
    clientVersion: "1.2.764.0",
    encryption: isEncrypted ? referenceEncryption : undefined,
    resume: () => Promise.resolve(TICKET),
    accept: (opened, outcome) => {
      stream = new StandardStream(opened, outcome, clock);
      for (const piece of upload) stream.write(piece);
      return stream;
    },
  });
  void channel.open();
  for (let second = 0; second < LIMIT_SECONDS && stream === undefined; second += 1) await clock.advance(1000);
  if (stream === undefined) throw new Error("the stream was never opened");
  return stream;
}

const total = (parts: readonly Uint8Array[]): number => parts.reduce((sum, { length }) => sum + length, 0);
