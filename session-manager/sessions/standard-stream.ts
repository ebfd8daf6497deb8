// A session as one stream of bytes: what ssh speaks through (document AWS-StartSSHSession).
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import type { Clock } from "../clock.ts";
import type { ChannelSession, DataChannel } from "../data-channel/data-channel.ts";
import type { HandshakeOutcome } from "../data-channel/handshake.ts";
import { SessionEndedError } from "../data-channel/session-end.ts";
import type { SessionEnd } from "../data-channel/session-end.ts";
import { ProtocolError } from "../protocol-error.ts";
import { PayloadType } from "../wire/agent-message.ts";
import { SessionType } from "../wire/handshake.ts";
import { quote } from "../wire/quote.ts";
import { agentSupports } from "./version-gates.ts";

/** Received bytes that may wait for the reader; beyond, the connection is not read. */
const READ_BUFFER_BYTES = 1024 * 1024;

const WRITE_BUFFER_BYTES = 64 * 1024;

/**
 * After `end()`, how long the agent must be silent until the session is ended.
 *
 * The far side never hears of our end of file, so nothing else tells that the last answer has come.
 */
export const QUIET_AFTER_END_MS = 5000;

type Done = (error?: Error | null) => void;

/**
 * The bytes of one connection on the instance.
 *
 * `write()` is held back until the agent acknowledges; nothing is changed on the way, and nothing is dropped. `end()`
 * waits for the answer (see QUIET_AFTER_END_MS), `destroy()` does not; both end the session. When the other side ends
 * it, the stream ends; when the connection is lost, it fails with a ConnectionError.
 */
export class StandardStream extends Duplex implements ChannelSession {
  readonly #channel: DataChannel;
  readonly #clock: Clock;
  readonly #agentVersion: string;
  #unsent: { readonly bytes: Buffer; readonly done: Done } | undefined;
  #end: SessionEnd | undefined;
  #lastOutputMs: number;
  #isReaderFull = false;

  /** @throws ProtocolError with the code SESSION_TYPE_UNEXPECTED if the session is not one of a port */
  constructor(channel: DataChannel, outcome: HandshakeOutcome, clock: Clock) {
    if (outcome.sessionType !== SessionType.port) {
      throw new ProtocolError(
        "SESSION_TYPE_UNEXPECTED",
        `cannot open standard stream: session type is ${quote(outcome.sessionType)}, not "${SessionType.port}"`,
      );
    }
    super({
      allowHalfOpen: false,
      readableHighWaterMark: READ_BUFFER_BYTES,
      writableHighWaterMark: WRITE_BUFFER_BYTES,
    });
    this.#channel = channel;
    this.#clock = clock;
    this.#agentVersion = outcome.agentVersion;
    this.#lastOutputMs = clock.now();
    // Bytes that can no longer be sent are an error, but what has been received is read first.
    this.once("end", () => {
      this.#refuseUnsent();
    });
  }

  /** Resolves when the session is over, with who ended it and why; never rejects. */
  get ended(): Promise<SessionEnd> {
    return this.#channel.ended;
  }

  onPayload(payloadType: number, payload: Buffer): void {
    if (payloadType !== PayloadType.output || this.destroyed) return;
    this.#lastOutputMs = this.#clock.now();
    if (this.push(payload)) return;
    this.#isReaderFull = true;
    this.#channel.pauseReading();
  }

  onRoom(): void {
    this.#sendUnsent();
  }

  onEnd(end: SessionEnd, error: Error | undefined): void {
    this.#end = end;
    if (error !== undefined) this.destroy(error);
    else if (!this.destroyed) this.push(null);
  }

  override _read(): void {
    if (!this.#isReaderFull) return;
    this.#isReaderFull = false;
    this.#lastOutputMs = this.#clock.now();
    this.#channel.resumeReading();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#unsent = { bytes, done };
    if (this.#end === undefined) this.#sendUnsent();
    else if (this.readableEnded) this.#refuseUnsent();
  }

  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    // Small pieces that had to wait go out together.
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), "utf8", done);
  }

  override _final(done: Done): void {
    void this.#endWhenQuiet().then(() => {
      done();
    });
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#unsent = undefined;
    void this.#terminate().then(() => {
      done(error);
    });
  }

  #sendUnsent(): void {
    if (this.#unsent === undefined) return;
    const { bytes, done } = this.#unsent;
    const { maxPayloadBytes } = this.#channel;
    let offset = 0;
    while (offset < bytes.length) {
      if (!this.#channel.hasRoom) {
        this.#unsent = { bytes: bytes.subarray(offset), done };
        return;
      }
      this.#channel.send(PayloadType.output, bytes.subarray(offset, offset + maxPayloadBytes));
      offset += maxPayloadBytes;
    }
    this.#unsent = undefined;
    done();
  }

  #refuseUnsent(): void {
    if (this.#unsent === undefined || this.#end === undefined) return;
    const { done } = this.#unsent;
    this.#unsent = undefined;
    done(new SessionEndedError(this.#end));
  }

  async #endWhenQuiet(): Promise<void> {
    await this.#channel.whenAcknowledged();
    this.#lastOutputMs = this.#clock.now();
    await this.#whenQuietOrEnded();
    await this.#terminate();
  }

  #whenQuietOrEnded(): Promise<void> {
    return new Promise((resolve) => {
      let cancel: () => void = () => undefined;
      const check = (): void => {
        const silentMs = this.#isReaderFull ? 0 : this.#clock.now() - this.#lastOutputMs;
        if (silentMs >= QUIET_AFTER_END_MS || this.destroyed) resolve();
        else cancel = this.#clock.schedule(QUIET_AFTER_END_MS - silentMs, check);
      };
      check();
      void this.ended.then(() => {
        cancel();
        resolve();
      });
    });
  }

  #terminate(): Promise<void> {
    return this.#channel.terminate(agentSupports("terminateSessionFlag", this.#agentVersion));
  }
}
