// Many connections in one port session: a smux client (version 1) over the data channel.
import { Buffer } from "node:buffer";
import type { Clock } from "../clock.ts";
import type { ChannelSession, DataChannel } from "../data-channel/data-channel.ts";
import { SessionEndedError } from "../data-channel/session-end.ts";
import type { SessionEnd } from "../data-channel/session-end.ts";
import type { SessionEventListener } from "../data-channel/session-event.ts";
import { PayloadType } from "../wire/agent-message.ts";
import { decodeFlag, Flag } from "../wire/flag.ts";
import { encodeSmuxHeader, SMUX_HEADER_BYTES, SmuxCommand } from "../wire/smux-header.ts";
import type { SmuxHeader } from "../wire/smux-header.ts";
import { MuxStream } from "./mux-stream.ts";
import type { MuxStreamOwner, OutgoingFrame } from "./mux-stream.ts";
import type { PortForwarding } from "./port-forwarding.ts";
import { SmuxFrameReader } from "./smux-frame-reader.ts";
import { StreamError } from "./stream-error.ts";
import { agentSupports } from "./version-gates.ts";

/** What connections may keep for readers that are slower than the agent. */
export interface MuxBuffers {
  /** Received bytes of one connection. */
  readonly streamBytes: number;
  /** Received bytes of all connections together, those included that the far side has closed already. */
  readonly sessionBytes: number;
}

/** The ceilings of real sessions. */
export const MUX_BUFFERS: MuxBuffers = { streamBytes: 4 * 1024 * 1024, sessionBytes: 16 * 1024 * 1024 };

/** What multiplexing needs from outside. */
export interface MuxOptions {
  readonly clock: Clock;
  /** Hears of connections that are reset. */
  readonly onEvent?: SessionEventListener | undefined;
  /** @default MUX_BUFFERS */
  readonly buffers?: MuxBuffers;
}

/** How often an old agent, which expects it, is told that we are there; a third of the time after which it gives up. */
export const KEEP_ALIVE_MS = 10_000;

/** The first stream has number 3: the counter of the library on the other side starts at 1 and adds 2 before use. */
const FIRST_STREAM_ID = 3;

/** Connections take turns, one payload each, and wait for nothing but room in the data channel's window. */
export class MuxPortForwarding implements PortForwarding, ChannelSession, MuxStreamOwner {
  readonly isMultiplexed = true;
  readonly clock: Clock;
  readonly #channel: DataChannel;
  readonly #agentVersion: string;
  readonly #buffers: MuxBuffers;
  readonly #onEvent: SessionEventListener | undefined;
  readonly #reader: SmuxFrameReader;
  readonly #streams = new Map<number, MuxStream>();
  readonly #unread = new Set<MuxStream>(); // all that may keep bytes: also those that the far side has closed
  readonly #ready = new Set<MuxStream>(); // in the order of their turns
  #nextStreamId = FIRST_STREAM_ID;
  #failedConnects = 0;
  #isSending = false;
  #isReadingPaused = false;
  #end: SessionEnd | undefined;
  #cancelKeepAlive: () => void = () => undefined;

  constructor(channel: DataChannel, agentVersion: string, { clock, onEvent, buffers = MUX_BUFFERS }: MuxOptions) {
    this.#channel = channel;
    this.#agentVersion = agentVersion;
    this.#buffers = buffers;
    this.#onEvent = onEvent;
    this.clock = clock;
    this.#reader = new SmuxFrameReader({
      onFrame: (header) => {
        this.#onFrame(header);
      },
      onData: (streamId, bytes) => {
        this.#onData(streamId, bytes);
      },
    });
    // Keep-alive frames count as traffic, and would defeat the idle timeout; only agents that insist get them.
    if (!agentSupports("keepAliveOff", agentVersion)) this.#keepAlive();
  }

  get ended(): Promise<SessionEnd> {
    return this.#channel.ended;
  }

  get maxStreamBufferBytes(): number {
    return this.#buffers.streamBytes;
  }

  connect(): MuxStream {
    if (this.#end !== undefined) throw new SessionEndedError(this.#end);
    const stream = new MuxStream(this.#nextStreamId, this);
    this.#streams.set(stream.streamId, stream);
    this.#unread.add(stream);
    stream.once("close", () => {
      this.#unread.delete(stream);
      this.#readAgain(); // its FIN may wait for room, which only what is read can bring
    });
    this.#nextStreamId += 2;
    this.#readAgain(); // a connection that stood alone may have stopped the reading: now there is another one
    return stream;
  }

  close(): Promise<void> {
    return this.#channel.terminate(agentSupports("terminateSessionFlag", this.#agentVersion));
  }

  onPayload(payloadType: number, payload: Buffer): void {
    if (payloadType === PayloadType.output) this.#reader.read(payload);
    // The flag names no connection; the FIN that follows does.
    else if (payloadType === PayloadType.flag && decodeFlag(payload) === Flag.connectToPortError) {
      this.#failedConnects += 1;
    }
  }

  onRoom(): void {
    this.#sendReady();
  }

  onEnd(end: SessionEnd, error: Error | undefined): void {
    this.#end = end;
    this.#cancelKeepAlive();
    this.#ready.clear();
    for (const stream of this.#streams.values()) {
      if (end.by === "agent") stream.receiveFin(false);
      else stream.destroy(error ?? new SessionEndedError(end));
    }
    this.#streams.clear();
  }

  onReady(stream: MuxStream): void {
    if (this.#end !== undefined) return;
    this.#ready.add(stream);
    this.#sendReady();
  }

  onRead(): void {
    this.#readAgain();
  }

  onGone(stream: MuxStream): void {
    this.#streams.delete(stream.streamId);
  }

  #sendReady(): void {
    if (this.#isSending) return; // a stream that was asked for a frame may say at once that it has the next one
    this.#isSending = true;
    this.#sendInTurn();
    this.#isSending = false;
  }

  #sendInTurn(): void {
    const maxDataBytes = this.#channel.maxPayloadBytes - SMUX_HEADER_BYTES; // one frame fills one payload
    for (const stream of this.#ready) {
      if (!this.#channel.hasRoom) return;
      this.#ready.delete(stream);
      const frame = stream.takeFrame(maxDataBytes);
      if (frame === undefined) continue;
      this.#ready.add(stream); // behind the others; iteration over a set comes to what is added to it
      this.#send(stream.streamId, frame);
    }
  }

  #send(streamId: number, { command, data }: OutgoingFrame): void {
    const header = encodeSmuxHeader({ command, payloadLength: data?.length ?? 0, streamId });
    this.#channel.send(PayloadType.output, data === undefined ? header : Buffer.concat([header, data]));
  }

  #onFrame({ command, streamId }: SmuxHeader): void {
    if (command !== SmuxCommand.fin) return;
    const couldNotConnect = this.#failedConnects > 0;
    if (couldNotConnect) this.#failedConnects -= 1;
    this.#streams.get(streamId)?.receiveFin(couldNotConnect);
  }

  #onData(streamId: number, bytes: Buffer): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return; // closed by us meanwhile
    stream.receive(bytes);
    // Looked at only when this connection's reader is behind: what a reader takes at once is in no buffer.
    if (stream.readableLength > 0 && !stream.destroyed) this.#limitBuffers(stream);
  }

  #limitBuffers(stream: MuxStream): void {
    const unread = [...this.#unread].filter(({ destroyed }) => !destroyed);
    const bufferedBytes = unread.reduce((sum, { readableLength }) => sum + readableLength, 0);
    if (!stream.isFull && bufferedBytes < this.#buffers.sessionBytes) return;
    if (unread.length === 1) this.#pauseReading();
    else this.#reset(unread.reduce((slower, next) => (next.readableLength > slower.readableLength ? next : slower)));
  }

  #reset(stream: MuxStream): void {
    const { streamId, readableLength } = stream;
    stream.destroy(new StreamError("READER_TOO_SLOW", "connection reset: its reader was too slow for its buffer"));
    this.#onEvent?.({ type: "connection-reset", streamId, unreadBytes: readableLength });
  }

  #pauseReading(): void {
    this.#isReadingPaused = true;
    this.#channel.pauseReading();
  }

  #readAgain(): void {
    if (!this.#isReadingPaused) return;
    this.#isReadingPaused = false;
    this.#channel.resumeReading();
  }

  #keepAlive(): void {
    this.#cancelKeepAlive = this.clock.schedule(KEEP_ALIVE_MS, () => {
      this.#send(0, { command: SmuxCommand.nop, data: undefined });
      this.#keepAlive();
    });
  }
}
