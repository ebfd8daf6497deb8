// A port session that carries many connections: the server's side of smux version 1.
import type { Duplex } from "node:stream";
import type { Clock } from "../../session-manager/clock.ts";
import { ProtocolError } from "../../session-manager/protocol-error.ts";
import { PayloadType, type AgentMessage } from "../../session-manager/wire/agent-message.ts";
import { encodeFlag, Flag } from "../../session-manager/wire/flag.ts";
import {
  decodeSmuxHeader,
  encodeSmuxHeader,
  SMUX_HEADER_BYTES,
  SmuxCommand,
  type SmuxCommandNumber,
  type SmuxHeader,
} from "../../session-manager/wire/smux-header.ts";
import type { DataChannel } from "./data-channel.ts";
import type { Handled } from "./inbox.ts";
import { failure, type Plugin } from "./plugin.ts";

export interface MuxOptions {
  readonly clock: Clock;
  readonly dial: () => Promise<Duplex>;
  /** One dial at a time, as AWS's agent: one destination that does not answer holds up all new connections. */
  readonly dialsInTurn: boolean;
  /** A NOP every 10 s, and the end after 30 s of silence; older clients want it. */
  readonly keepAlive: boolean;
}

/** What the session may hold of its streams' data together; then it reads no more, for any of them. */
export const RECEIVE_BUCKET_BYTES = 4 * 1024 * 1024;

/** Streams that wait for their connection; more are not read. */
const MAX_BACKLOG = 1_024;

const MAX_FRAME_DATA_BYTES = 32_768;
const KEEP_ALIVE_INTERVAL_MS = 10_000;
const KEEP_ALIVE_LIMIT_MS = 30_000;
const EMPTY = Buffer.alloc(0);

interface Stream {
  readonly id: number;
  connection: Duplex | undefined;
  /** Data and end that came before the connection was there. */
  early: Buffer[];
  hasEnded: boolean;
}

/** Source: xtaci/smux 1.5 session.go and stream.go; aws/amazon-ssm-agent agent/session/plugins/port/port_mux.go. */
export class MuxPlugin implements Plugin {
  readonly ended: Promise<string>;
  readonly #channel: DataChannel;
  readonly #options: MuxOptions;
  readonly #streams = new Map<number, Stream>();
  #partialHeader: Buffer = EMPTY;
  /** Of the frame whose data is coming. */
  #dataLeft = 0;
  #dataStreamId = 0;
  #dataIsWanted = false;
  #heldBytes = 0;
  #backlog = 0;
  #dialing: Promise<void> = Promise.resolve();
  #writing: Promise<void> = Promise.resolve();
  #goOn: (() => void) | undefined;
  #hasHeard = true;
  #callOffKeepAlive: (() => void)[] = [];
  #end: (reason: string) => void = () => undefined;

  constructor(channel: DataChannel, options: MuxOptions) {
    this.#channel = channel;
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    if (options.keepAlive) this.#keepAlive();
  }

  /** Takes the next bytes of the smux stream; their borders mean nothing. */
  input(message: AgentMessage): Handled {
    if (message.payloadType !== PayloadType.output) return "done";
    this.#hasHeard = true;
    try {
      this.#takeBytes(message.payload as Buffer);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#end(failure(error.message));
    }
    if (this.#hasRoom) return "done";
    return new Promise((resolve) => {
      this.#goOn = () => {
        resolve("done");
      };
    });
  }

  stop(): void {
    for (const callOff of this.#callOffKeepAlive) callOff();
    for (const { connection } of this.#streams.values()) connection?.destroy();
    this.#streams.clear();
  }

  get #hasRoom(): boolean {
    return this.#heldBytes < RECEIVE_BUCKET_BYTES && this.#backlog < MAX_BACKLOG;
  }

  /** Data goes on as it comes, only a header that is cut in two is kept. */
  #takeBytes(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0) {
      const wanted = this.#dataLeft > 0 ? this.#dataLeft : SMUX_HEADER_BYTES - this.#partialHeader.length;
      const taken = rest.subarray(0, wanted);
      rest = rest.subarray(taken.length);
      if (this.#dataLeft > 0) this.#takeData(taken);
      else this.#takeHeader(taken);
    }
  }

  #takeHeader(bytes: Buffer): void {
    this.#partialHeader = this.#partialHeader.length === 0 ? bytes : Buffer.concat([this.#partialHeader, bytes]);
    if (this.#partialHeader.length < SMUX_HEADER_BYTES) return;
    const header = decodeSmuxHeader(this.#partialHeader);
    this.#partialHeader = EMPTY;
    this.#dataLeft = header.payloadLength;
    this.#dataStreamId = header.streamId;
    this.#dataIsWanted = header.command === SmuxCommand.psh;
    this.#take(header);
  }

  #takeData(data: Buffer): void {
    this.#dataLeft -= data.length;
    const stream = this.#streams.get(this.#dataStreamId);
    if (stream !== undefined && this.#dataIsWanted) this.#deliver(stream, data);
  }

  #take({ command, streamId }: SmuxHeader): void {
    const stream = this.#streams.get(streamId);
    if (command === SmuxCommand.syn && stream === undefined) this.#accept(streamId);
    else if (command === SmuxCommand.fin && stream !== undefined) this.#finish(stream);
  }

  #accept(id: number): void {
    const stream: Stream = { id, connection: undefined, early: [], hasEnded: false };
    this.#streams.set(id, stream);
    this.#backlog += 1;
    const before = this.#options.dialsInTurn ? this.#dialing : Promise.resolve();
    this.#dialing = before.then(() => this.#connect(stream));
  }

  async #connect(stream: Stream): Promise<void> {
    try {
      const connection = await this.#options.dial();
      this.#open(stream, connection);
    } catch {
      if (this.#streams.delete(stream.id)) {
        this.#channel.send(PayloadType.flag, encodeFlag(Flag.connectToPortError));
        void this.#write(stream.id, SmuxCommand.fin, EMPTY);
      }
      for (const data of stream.early) this.#let(data.length);
    }
    this.#backlog -= 1;
    this.#let(0);
  }

  #open(stream: Stream, connection: Duplex): void {
    if (!this.#streams.has(stream.id)) {
      connection.destroy();
      return;
    }
    stream.connection = connection;
    connection.on("error", () => undefined); // "close" follows, and ends the stream
    connection.once("close", () => {
      this.#forget(stream);
    });
    connection.on("data", (chunk: Buffer) => {
      connection.pause();
      void this.#writeData(stream, chunk).then(() => connection.resume());
    });
    connection.once("end", () => {
      this.#forget(stream);
      connection.end();
    });
    for (const data of stream.early) this.#writeTo(connection, data);
    stream.early = [];
    if (stream.hasEnded) this.#finish(stream);
  }

  #deliver(stream: Stream, data: Buffer): void {
    if (stream.hasEnded) return;
    this.#heldBytes += data.length;
    if (stream.connection === undefined) stream.early.push(data);
    else this.#writeTo(stream.connection, data);
  }

  #writeTo(connection: Duplex, data: Buffer): void {
    connection.write(data, () => {
      this.#let(data.length);
    });
  }

  /** AWS's agent ends a stream in both directions when either ends: what the port still says is lost. */
  #finish(stream: Stream): void {
    stream.hasEnded = true;
    if (stream.connection === undefined) return; // after it is there, and has the data
    this.#forget(stream);
    stream.connection.end(() => stream.connection?.destroy());
  }

  /** Sends FIN, once; whatever comes for the stream from now on is dropped. */
  #forget(stream: Stream): void {
    if (this.#streams.delete(stream.id)) void this.#write(stream.id, SmuxCommand.fin, EMPTY);
  }

  async #writeData(stream: Stream, chunk: Buffer): Promise<void> {
    for (let start = 0; start < chunk.length && this.#streams.has(stream.id); start += MAX_FRAME_DATA_BYTES) {
      await this.#write(stream.id, SmuxCommand.psh, chunk.subarray(start, start + MAX_FRAME_DATA_BYTES));
    }
  }

  /** One frame after the other; each stream has one at most in the queue, so all get their turn. */
  #write(streamId: number, command: SmuxCommandNumber, data: Buffer): Promise<void> {
    const frame = Buffer.concat([encodeSmuxHeader({ command, streamId, payloadLength: data.length }), data]);
    this.#writing = this.#writing.then(() => this.#channel.write(PayloadType.output, frame));
    return this.#writing;
  }

  /** Lets go of bytes that a connection has taken. */
  #let(bytes: number): void {
    this.#heldBytes -= bytes;
    if (!this.#hasRoom) return;
    this.#goOn?.();
    this.#goOn = undefined;
  }

  #keepAlive(): void {
    const { clock } = this.#options;
    const every = (intervalMs: number, action: () => void): (() => void) => {
      let callOff = clock.schedule(intervalMs, function again() {
        callOff = clock.schedule(intervalMs, again);
        action();
      });
      return () => {
        callOff();
      };
    };
    this.#callOffKeepAlive = [
      every(KEEP_ALIVE_INTERVAL_MS, () => void this.#write(0, SmuxCommand.nop, EMPTY)),
      every(KEEP_ALIVE_LIMIT_MS, () => {
        if (!this.#hasHeard && this.#hasRoom) this.#end(failure("smux: no frame came for 30 s"));
        this.#hasHeard = false;
      }),
    ];
  }
}
