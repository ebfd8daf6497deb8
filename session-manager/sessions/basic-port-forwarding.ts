// One connection after the other in a port session: what agents up to 3.0.196.0 can do.
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import type { ChannelSession, DataChannel } from "../data-channel/data-channel.ts";
import { SessionEndedError } from "../data-channel/session-end.ts";
import type { SessionEnd } from "../data-channel/session-end.ts";
import { PayloadType } from "../wire/agent-message.ts";
import { encodeFlag, Flag } from "../wire/flag.ts";
import type { PortForwarding } from "./port-forwarding.ts";
import { StreamError } from "./stream-error.ts";
import { agentSupports } from "./version-gates.ts";

const READ_BUFFER_BYTES = 1024 * 1024;
const WRITE_BUFFER_BYTES = 64 * 1024;

type Done = (error?: Error | null) => void;

/** The session itself is the connection; the agent dials again with the first byte after a DisconnectToPort. */
export class BasicPortForwarding implements PortForwarding, ChannelSession {
  readonly isMultiplexed = false;
  readonly #channel: DataChannel;
  readonly #agentVersion: string;
  #stream: BasicStream | undefined;
  #end: SessionEnd | undefined;

  constructor(channel: DataChannel, agentVersion: string) {
    this.#channel = channel;
    this.#agentVersion = agentVersion;
  }

  get ended(): Promise<SessionEnd> {
    return this.#channel.ended;
  }

  connect(): Duplex {
    if (this.#end !== undefined) throw new SessionEndedError(this.#end);
    if (this.#stream !== undefined) {
      throw new StreamError("ONE_AT_A_TIME", "cannot connect: this agent carries one connection at a time");
    }
    const stream = new BasicStream(this.#channel, () => {
      this.#disconnect(stream);
    });
    this.#stream = stream;
    return stream;
  }

  close(): Promise<void> {
    return this.#channel.terminate(agentSupports("terminateSessionFlag", this.#agentVersion));
  }

  onPayload(payloadType: number, payload: Buffer): void {
    if (payloadType === PayloadType.output) this.#stream?.receive(payload); // without a connection, it is of the last one
  }

  onRoom(): void {
    this.#stream?.sendUnsent();
  }

  onEnd(end: SessionEnd, error: Error | undefined): void {
    this.#end = end;
    if (end.by === "agent") this.#stream?.push(null);
    else this.#stream?.destroy(error ?? new SessionEndedError(end));
  }

  #disconnect(stream: BasicStream): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    this.#channel.resumeReading();
    if (this.#end === undefined) this.#channel.send(PayloadType.flag, encodeFlag(Flag.disconnectToPort));
  }
}

class BasicStream extends Duplex {
  readonly #channel: DataChannel;
  readonly #onClosed: () => void;
  #unsent: { readonly bytes: Buffer; readonly done: Done } | undefined;

  constructor(channel: DataChannel, onClosed: () => void) {
    super({
      allowHalfOpen: false,
      readableHighWaterMark: READ_BUFFER_BYTES,
      writableHighWaterMark: WRITE_BUFFER_BYTES,
    });
    this.#channel = channel;
    this.#onClosed = onClosed;
  }

  receive(bytes: Buffer): void {
    if (!this.destroyed && !this.push(bytes)) this.#channel.pauseReading();
  }

  sendUnsent(): void {
    while (this.#unsent !== undefined && this.#channel.hasRoom) {
      const { bytes, done } = this.#unsent;
      this.#channel.send(PayloadType.output, bytes.subarray(0, this.#channel.maxPayloadBytes));
      const rest = bytes.subarray(this.#channel.maxPayloadBytes);
      this.#unsent = rest.length > 0 ? { bytes: rest, done } : undefined;
      if (rest.length === 0) done();
    }
  }

  override _read(): void {
    this.#channel.resumeReading();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#unsent = { bytes, done };
    this.sendUnsent();
  }

  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), "utf8", done);
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#unsent = undefined;
    this.#onClosed();
    done(error);
  }
}
