// Plays a schedule of connections and faults to its end, and lists every promise that was broken on the way.
import fc from "fast-check";
import { DataChannel } from "../../../session-manager/data-channel/data-channel.ts";
import { MAX_WINDOW_BYTES } from "../../../session-manager/data-channel/in-flight-window.ts";
import type { SessionEvent } from "../../../session-manager/data-channel/session-event.ts";
import { MuxPortForwarding } from "../../../session-manager/sessions/mux-port-forwarding.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { fates, FaultyPath } from "./faulty-path.ts";
import { ReferenceAgent } from "./reference-agent.ts";
import { NearConnection } from "./near-connection.ts";
import { plannedBytes, plannedConnection } from "./planned-connection.ts";
import type { PlannedConnection } from "./planned-connection.ts";
import { ReferenceMuxAgent } from "./reference-mux-agent.ts";
import type { FarConnection } from "./reference-mux-agent.ts";

/** Everything that may happen to a port session. */
export const muxSchedule = fc.record({
  fates,
  delayMs: fc.nat(300),
  agentVersion: fc.constantFrom("3.3.987.0", "3.1.1511.0"),
  payloadBytes: fc.integer({ min: 300, max: 2000 }),
  aheadBytes: fc.nat(9),
  roundMs: fc.integer({ min: 1, max: 100 }),
  connections: fc.array(plannedConnection, { minLength: 1, maxLength: 6 }),
});

export type MuxSchedule = typeof muxSchedule extends fc.Arbitrary<infer Value> ? Value : never;

/** Small ceilings, so that small downloads meet them. */
const BUFFERS = { streamBytes: 12_000, sessionBytes: 20_000 };

const LIMIT_SECONDS = 900;
const TICKET = { sessionId: "s", streamUrl: "wss://service.example/", tokenValue: "t" };

/** A schedule under way. */
class Play {
  readonly clock = new FakeClock();
  readonly near: NearConnection[] = [];
  readonly events: SessionEvent[] = [];
  readonly path: FaultyPath;
  readonly agent: ReferenceAgent;
  far: ReferenceMuxAgent | undefined;
  forwarding: MuxPortForwarding | undefined;
  readonly problems: string[] = [];
  readonly #schedule: MuxSchedule;

  constructor(schedule: MuxSchedule) {
    this.#schedule = schedule;
    this.path = new FaultyPath(this.clock, schedule.fates, schedule.delayMs);
    this.agent = new ReferenceAgent({
      clock: this.clock,
      agentVersion: schedule.agentVersion,
      properties: { portNumber: "5432", type: "LocalPortForwarding" },
      transmit: (bytes) => {
        this.path.toClient(bytes);
        this.#weigh();
      },
      onEstablished: (agent) => {
        const { roundMs, payloadBytes, aheadBytes } = schedule;
        const plans = this.#inOrder;
        this.far = new ReferenceMuxAgent({ clock: this.clock, agent, plans, roundMs, payloadBytes, aheadBytes });
      },
      onOutput: (payload) => this.far?.read(payload),
    });
    this.path.agent = this.agent;
  }

  async run(): Promise<void> {
    const onEvent = (event: SessionEvent): number => this.events.push(event);
    const channel = new DataChannel({
      ticket: TICKET,
      clock: this.clock,
      openTransport: this.path.openTransport,
      clientVersion: "1.2.764.0",
      resume: () => Promise.resolve(TICKET),
      onEvent,
      accept: (opened) => {
        const { agentVersion } = this.#schedule;
        const options = { clock: this.clock, buffers: BUFFERS, onEvent };
        this.forwarding = new MuxPortForwarding(opened, agentVersion, options);
        this.#open();
        return this.forwarding;
      },
    });
    void channel.open();
    for (let second = 0; second < LIMIT_SECONDS && !this.#isOver; second += 1) {
      await this.clock.advance(1000);
      this.#weigh();
    }
    this.agent.stop();
    this.far?.stop();
    void this.forwarding?.close();
    await this.clock.advance(5000);
  }

  /** A ceiling may be passed by the one payload that meets it. */
  #weigh(): void {
    const open = this.near.filter(({ stream }) => !stream.destroyed);
    const unread = open.map(({ stream }) => stream.readableLength);
    const slack = this.#schedule.payloadBytes;
    if (Math.max(0, ...unread) > BUFFERS.streamBytes + slack) this.problems.push(`unread: ${unread.join(", ")}`);
    if (unread.reduce((sum, bytes) => sum + bytes, 0) > BUFFERS.sessionBytes + slack)
      this.problems.push(`unread together: ${unread.join(", ")}`);
  }

  get #inOrder(): PlannedConnection[] {
    return [...this.#schedule.connections].sort((one, other) => one.openAtMs - other.openAtMs);
  }

  #open(): void {
    for (const plan of this.#inOrder) {
      this.clock.schedule(plan.openAtMs, () => {
        if (this.forwarding !== undefined)
          this.near.push(new NearConnection(plan, this.forwarding.connect(), this.clock));
      });
    }
  }

  get #isOver(): boolean {
    const farEnds = [...(this.far?.connections.values() ?? [])];
    return (
      this.near.length === this.#schedule.connections.length &&
      this.near.every(({ isClosed }) => isClosed) &&
      farEnds.length === this.near.length &&
      farEnds.every(({ hasReceivedFin }) => hasReceivedFin) &&
      this.agent.isDone
    );
  }
}

/** Plays it; the list of what went wrong is empty when all is well. */
export async function playMuxSchedule(schedule: MuxSchedule): Promise<string[]> {
  const play = new Play(schedule);
  await play.run();
  const { problems, near, far, clock, path, events } = play;
  if (clock.pending > 0) problems.push(`${clock.pending} timers are left`);
  if (path.peakUnacknowledgedBytes > MAX_WINDOW_BYTES) problems.push(`${path.peakUnacknowledgedBytes} bytes in flight`);
  if (near.length < schedule.connections.length) problems.push("connections were never opened");
  near.forEach((connection, index) => {
    const streamId = 3 + 2 * index;
    const wasReset = events.some((event) => event.type === "connection-reset" && event.streamId === streamId);
    const other = far?.connections.get(streamId);
    if (other === undefined) problems.push(`${streamId}: the agent never heard of it`);
    else for (const problem of problemsOf(connection, other, wasReset)) problems.push(`${streamId}: ${problem}`);
  });
  return [...new Set(problems)];
}

function problemsOf(near: NearConnection, far: FarConnection, wasReset: boolean): string[] {
  const { plan, received, errorCode, isClosed } = near;
  const [upload, download] = [plannedBytes(plan, "upload"), plannedBytes(plan, "download")];
  const uploaded = Buffer.concat(far.received);
  const sent = download.subarray(0, far.sentBytes);
  const promises: Record<string, boolean> = {
    "it closes": isClosed,
    "the agent reads its FIN": far.hasReceivedFin,
    "what was downloaded is in order, once": received.equals(download.subarray(0, received.length)),
    "what was uploaded is in order, once": uploaded.equals(upload.subarray(0, uploaded.length)),
    "only a reader that is behind is reset": !wasReset || plan.reading.kind !== "flowing",
    "a reset is told by event and error alike": wasReset === (errorCode === "READER_TOO_SLOW"),
    [`the error is that of "${plan.ending}", not ${errorCode ?? "none"}`]: wasReset || isErrorOf(plan, errorCode),
    "the upload is whole": wasReset || !isUploadWhole(plan) || uploaded.equals(upload),
    "the download is whole": wasReset || !isDownloadWhole(plan) || received.equals(sent),
  };
  return Object.entries(promises).flatMap(([promise, isKept]) => (isKept ? [] : [`broken: ${promise}`]));
}

function isErrorOf({ ending }: PlannedConnection, errorCode: string | undefined): boolean {
  if (ending === "refused") return errorCode === "PORT_NOT_REACHED";
  if (ending === "agent cuts") return errorCode === undefined || errorCode === "CLOSED_BY_PEER";
  return errorCode === undefined;
}

const isUploadWhole = ({ ending }: PlannedConnection): boolean =>
  ending === "agent closes" || ending === "client closes" || ending === "client ends early";

const isDownloadWhole = ({ ending }: PlannedConnection): boolean =>
  ending === "agent closes" || ending === "client closes" || ending === "agent cuts" || ending === "refused";
