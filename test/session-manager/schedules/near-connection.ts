// The local side of one planned connection: writes, reads as planned, and remembers what came of it.
import type { Duplex } from "node:stream";
import type { FakeClock } from "../../harness/fake-clock.ts";
import { plannedBytes } from "./planned-connection.ts";
import type { PlannedConnection } from "./planned-connection.ts";

/** Uses a stream as its plan says, until it is closed. */
export class NearConnection {
  readonly plan: PlannedConnection;
  readonly stream: Duplex;
  readonly #clock: FakeClock;
  readonly #received: Buffer[] = [];
  #receivedBytes = 0;
  #errorCode: string | undefined;
  #isClosed = false;
  #cancelRead: () => void = () => undefined;

  constructor(plan: PlannedConnection, stream: Duplex, clock: FakeClock) {
    this.plan = plan;
    this.stream = stream;
    this.#clock = clock;
    stream.on("error", (error: Error & { code?: string }) => (this.#errorCode = error.code ?? error.message));
    stream.once("close", () => {
      this.#isClosed = true;
      this.#cancelRead();
    });
    this.#write();
    this.#read();
    this.#endIfDue();
  }

  get received(): Buffer {
    return Buffer.concat(this.#received);
  }

  /** Of the stream's error, if it had one. */
  get errorCode(): string | undefined {
    return this.#errorCode;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  #write(): void {
    const whole = plannedBytes(this.plan, "upload");
    for (let start = 0; start < whole.length; start += this.plan.pieceBytes) {
      this.stream.write(whole.subarray(start, start + this.plan.pieceBytes));
    }
    if (this.plan.ending === "client ends early") this.stream.end();
  }

  #read(): void {
    const { reading } = this.plan;
    if (reading.kind === "slow") this.#readSlowly(reading.bytes, reading.everyMs);
    else if (reading.kind === "flowing") this.#flow();
    else {
      this.#cancelRead = this.#clock.schedule(reading.atMs, () => {
        this.#flow();
      });
    }
  }

  #flow(): void {
    this.stream.on("data", (bytes: Buffer) => {
      this.#take(bytes);
    });
  }

  #readSlowly(bytes: number, everyMs: number): void {
    this.#cancelRead = this.#clock.schedule(everyMs, () => {
      const wanted = Math.min(bytes, this.stream.readableLength);
      const piece = this.stream.read(wanted > 0 ? wanted : undefined) as Buffer | null; // reading at the end ends it
      if (piece !== null) this.#take(piece);
      if (!this.#isClosed) this.#readSlowly(bytes, everyMs);
    });
  }

  #take(bytes: Buffer): void {
    this.#received.push(Buffer.from(bytes));
    this.#receivedBytes += bytes.length;
    this.#endIfDue();
  }

  #endIfDue(): void {
    const { ending, downloadBytes, afterBytes } = this.plan;
    if (ending === "client closes" && this.#receivedBytes === downloadBytes && !this.stream.writableEnded)
      this.stream.end();
    if (ending === "client destroys" && this.#receivedBytes >= Math.min(afterBytes, downloadBytes))
      this.stream.destroy();
  }
}
