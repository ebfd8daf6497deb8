// The agent's side of a multiplexed port, written from smux's frame table: it plays the far end of planned connections.
import type { FakeClock } from "../../harness/fake-clock.ts";
import type { ReferenceAgent } from "./reference-agent.ts";
import { plannedBytes } from "./planned-connection.ts";
import type { PlannedConnection } from "./planned-connection.ts";

const HEADER_BYTES = 8;
const [SYN, FIN, PSH] = [0, 1, 2] as const;
const CONNECT_TO_PORT_ERROR = Buffer.from([0, 0, 0, 3]);
const FLAG_PAYLOAD = 10;

/** One connection at its far end. */
export interface FarConnection {
  readonly plan: PlannedConnection;
  readonly received: Buffer[];
  readonly download: Buffer;
  /** Bytes of the plan's download that were sent. */
  sentBytes: number;
  hasSentFin: boolean;
  hasReceivedFin: boolean;
}

export interface ReferenceMuxOptions {
  readonly clock: FakeClock;
  readonly agent: ReferenceAgent;
  /** Connections in the order in which the client opens them. */
  readonly plans: readonly PlannedConnection[];
  /** Between two rounds, in each of which every connection sends one piece. */
  readonly roundMs: number;
  readonly payloadBytes: number;
  /** So many bytes of a frame go ahead in a payload of their own: a header may be cut anywhere. */
  readonly aheadBytes: number;
}

/** Takes the smux stream apart byte by byte, and sends what the plans say, a piece of each connection in turn. */
export class ReferenceMuxAgent {
  readonly connections = new Map<number, FarConnection>();
  readonly #options: ReferenceMuxOptions;
  #bytes = Buffer.alloc(0);
  #opened = 0;
  #cancel: () => void = () => undefined;

  constructor(options: ReferenceMuxOptions) {
    this.#options = options;
    this.#nextRound();
  }

  stop(): void {
    this.#cancel();
  }

  read(payload: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, payload]);
    while (this.#bytes.length >= HEADER_BYTES) {
      const length = this.#bytes.readUInt16LE(2);
      if (this.#bytes.length < HEADER_BYTES + length) return;
      const [command, streamId] = [this.#bytes.readUInt8(1), this.#bytes.readUInt32LE(4)];
      const data = Buffer.from(this.#bytes.subarray(HEADER_BYTES, HEADER_BYTES + length));
      this.#bytes = this.#bytes.subarray(HEADER_BYTES + length);
      this.#take(command, streamId, data);
    }
  }

  #take(command: number, streamId: number, data: Buffer): void {
    if (command === SYN) this.#accept(streamId);
    const connection = this.connections.get(streamId);
    if (connection === undefined || connection.hasReceivedFin) return;
    if (command === FIN) connection.hasReceivedFin = true;
    if (command === PSH && !connection.hasSentFin) connection.received.push(data);
    this.#finIfDue(streamId, connection);
  }

  #accept(streamId: number): void {
    const plan = this.#options.plans[this.#opened];
    this.#opened += 1;
    if (plan === undefined) throw new Error("more connections than planned");
    const download = plannedBytes(plan, "download");
    const connection = { plan, received: [], download, sentBytes: 0, hasSentFin: false, hasReceivedFin: false };
    this.connections.set(streamId, connection);
    if (plan.ending !== "refused") return;
    this.#options.agent.send(CONNECT_TO_PORT_ERROR, FLAG_PAYLOAD);
    this.#fin(streamId, connection);
  }

  #nextRound(): void {
    this.#cancel = this.#options.clock.schedule(this.#options.roundMs, () => {
      this.#nextRound();
      for (const [streamId, connection] of this.connections) this.#sendPiece(streamId, connection);
    });
  }

  #sendPiece(streamId: number, connection: FarConnection): void {
    const { plan, download, sentBytes, hasSentFin, hasReceivedFin } = connection;
    if (hasSentFin || hasReceivedFin) return; // smux forgets a stream of which it has read a FIN
    const piece = download.subarray(sentBytes, sentBytes + plan.pieceBytes);
    if (piece.length > 0) this.#frame(PSH, streamId, piece);
    connection.sentBytes += piece.length;
    this.#finIfDue(streamId, connection);
  }

  #finIfDue(streamId: number, connection: FarConnection): void {
    const { plan, received, sentBytes, hasSentFin, hasReceivedFin } = connection;
    const receivedBytes = received.reduce((sum, { length }) => sum + length, 0);
    const isAllSent = sentBytes === plan.downloadBytes;
    const isDue =
      hasReceivedFin ||
      (plan.ending === "agent closes" && isAllSent && receivedBytes === plan.uploadBytes) ||
      (plan.ending === "agent cuts" &&
        receivedBytes + sentBytes >= Math.min(plan.afterBytes, plan.uploadBytes + plan.downloadBytes));
    if (isDue && !hasSentFin) this.#fin(streamId, connection);
  }

  #fin(streamId: number, connection: FarConnection): void {
    connection.hasSentFin = true;
    this.#frame(FIN, streamId, Buffer.alloc(0));
  }

  #frame(command: number, streamId: number, data: Buffer): void {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt8(1, 0);
    header.writeUInt8(command, 1);
    header.writeUInt16LE(data.length, 2);
    header.writeUInt32LE(streamId, 4);
    const bytes = Buffer.concat([header, data]);
    const { agent, payloadBytes, aheadBytes } = this.#options;
    if (aheadBytes > 0) agent.send(bytes.subarray(0, aheadBytes));
    for (let start = aheadBytes; start < bytes.length; start += payloadBytes) {
      agent.send(bytes.subarray(start, start + payloadBytes));
    }
  }
}
