// A shell or a command on the instance: what is typed, what it shows, how it ends.
import type { Buffer } from "node:buffer";
import { Readable, Writable } from "node:stream";
import type { ChannelSession, DataChannel } from "../data-channel/data-channel.ts";
import { deferred } from "../data-channel/deferred.ts";
import type { HandshakeOutcome } from "../data-channel/handshake.ts";
import type { SessionEnd } from "../data-channel/session-end.ts";
import { ProtocolError } from "../protocol-error.ts";
import { PayloadType } from "../wire/agent-message.ts";
import { decodeExitCode } from "../wire/exit-code.ts";
import { SessionType } from "../wire/handshake.ts";
import { quote } from "../wire/quote.ts";
import { encodeTerminalSize } from "../wire/terminal-size.ts";
import type { TerminalSize } from "../wire/terminal-size.ts";

/** Received bytes that may wait for the reader of one stream; beyond, the connection is not read. */
const READ_BUFFER_BYTES = 1024 * 1024;

const WRITE_BUFFER_BYTES = 64 * 1024;

type Done = (error?: Error | null) => void;

/**
 * A program on the instance, in the shape of a child process.
 *
 * On a pseudo-terminal (Standard_Stream and InteractiveCommands) everything it shows comes on `stdout`, and control
 * characters typed into `stdin` are obeyed by that terminal. Without one (NonInteractiveCommands) nothing reaches the
 * program's standard input, but 0x03 and 0x1c become SIGINT and SIGQUIT.
 */
export interface Shell {
  /** What is typed, unchanged, held back until the agent acknowledges. `end()` is not heard on the far side. */
  readonly stdin: Writable;
  /** What the program shows. Ends with the session; fails with a ConnectionError or ProtocolError. */
  readonly stdout: Readable;
  /** Errors of a command whose document separates them; read it too, or it holds back `stdout`. */
  readonly stderr: Readable;
  /** How the command ended; undefined where the agent does not say, which it does for separate output only. */
  readonly exitCode: Promise<number | undefined>;
  /** Resolves when the session is over, with who ended it and why; never rejects. */
  readonly ended: Promise<SessionEnd>;

  /** Tells the pseudo-terminal its new size. */
  resize(size: TerminalSize): void;

  /** Leaves the session at once. The agent goes on until TerminateSession is called: shells know no flag for it. */
  close(): Promise<void>;
}

/** The one implementation of Shell; size first, then what is typed. */
export class ShellSession implements Shell, ChannelSession {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly #channel: DataChannel;
  readonly #exitCode = deferred<number | undefined>();
  readonly #full = new Set<Readable>(); // streams whose readers are behind
  #unsentSize: TerminalSize | undefined;
  #unsent: { readonly bytes: Buffer; readonly done: Done } | undefined;

  /** @throws ProtocolError with the code SESSION_TYPE_UNEXPECTED if the session is one of a port */
  constructor(channel: DataChannel, outcome: HandshakeOutcome, size: TerminalSize | undefined) {
    if (outcome.sessionType === SessionType.port) {
      const detail = `session type is ${quote(outcome.sessionType)}`;
      throw new ProtocolError("SESSION_TYPE_UNEXPECTED", `cannot open shell: ${detail}, neither shell nor command`);
    }
    this.#channel = channel;
    this.stdin = this.#newInput();
    this.stdout = this.#newOutput();
    this.stderr = this.#newOutput();
    if (size !== undefined) this.resize(size);
  }

  get exitCode(): Promise<number | undefined> {
    return this.#exitCode.promise;
  }

  get ended(): Promise<SessionEnd> {
    return this.#channel.ended;
  }

  resize(size: TerminalSize): void {
    this.#unsentSize = size;
    this.#send();
  }

  async close(): Promise<void> {
    await this.#channel.terminate(false);
  }

  onPayload(payloadType: number, payload: Buffer): void {
    if (payloadType === PayloadType.output) this.#receive(this.stdout, payload);
    else if (payloadType === PayloadType.stdErr) this.#receive(this.stderr, payload);
    else if (payloadType === PayloadType.exitCode) this.#exitCode.resolve(decodeExitCode(payload));
  }

  onRoom(): void {
    this.#send();
  }

  onEnd(_end: SessionEnd, error: Error | undefined): void {
    this.#exitCode.resolve(undefined); // unless it has been told
    this.stdin.destroy();
    this.stderr.push(null);
    if (error === undefined) this.stdout.push(null);
    else this.stdout.destroy(error); // the one stream that tells of errors
  }

  #newInput(): Writable {
    return new Writable({
      highWaterMark: WRITE_BUFFER_BYTES,
      write: (bytes: Buffer, _encoding, done: Done) => {
        this.#unsent = { bytes, done };
        this.#send();
      },
      final: (done: Done) => {
        void this.#channel.whenAcknowledged().then(() => {
          done();
        });
      },
    });
  }

  #newOutput(): Readable {
    const output = new Readable({
      highWaterMark: READ_BUFFER_BYTES,
      read: () => {
        this.#onRead(output);
      },
    });
    return output.once("close", () => {
      this.#onRead(output);
    });
  }

  #receive(output: Readable, payload: Buffer): void {
    if (output.destroyed || output.push(payload)) return;
    this.#full.add(output);
    this.#channel.pauseReading();
  }

  #onRead(output: Readable): void {
    if (this.#full.delete(output) && this.#full.size === 0) this.#channel.resumeReading();
  }

  #send(): void {
    if (this.#unsentSize !== undefined && this.#channel.hasRoom) {
      this.#channel.send(PayloadType.size, encodeTerminalSize(this.#unsentSize));
      this.#unsentSize = undefined;
    }
    while (this.#unsent !== undefined && this.#channel.hasRoom) {
      const { bytes, done } = this.#unsent;
      this.#channel.send(PayloadType.output, bytes.subarray(0, this.#channel.maxPayloadBytes));
      const rest = bytes.subarray(this.#channel.maxPayloadBytes);
      this.#unsent = rest.length > 0 ? { bytes: rest, done } : undefined;
      if (rest.length === 0) done();
    }
  }
}
