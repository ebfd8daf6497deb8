// A client's websocket after its token was accepted: messages both ways, with the faults that a test has named.
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { Clock } from "../../session-manager/clock.ts";
import type { Link } from "../agent/data-channel.ts";
import { FaultyLine } from "../agent/faulty-line.ts";
import type { Faults } from "../faults.ts";

export interface ClientSocketOptions {
  readonly webSocket: WebSocket;
  /** What the websocket runs on. */
  readonly transport: Duplex;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly onMessage: (message: Buffer) => void;
  /** The fault `pausePublication` was switched. */
  readonly onPause: (isPaused: boolean) => void;
  readonly onClosed: () => void;
}

/** How often the faults are looked at that no message brings up. */
const WATCH_INTERVAL_MS = 100;

const MINUTE_MS = 60_000;

/** How long a client that does not read may keep a socket that is to be cut. */
const CUT_LIMIT_MS = 1_000;

/** The agent's link to one client. */
export class ClientSocket implements Link {
  readonly #options: ClientSocketOptions;
  readonly #toClient: FaultyLine;
  readonly #openedAtMs: number;
  #carriedBytes = 0;
  #isCorked = false;
  #isWanted = true;
  #isPaused = false;
  #isCut = false;
  #callOffWatch: () => void = () => undefined;

  constructor(options: ClientSocketOptions) {
    const { clock, faults, webSocket } = options;
    this.#options = options;
    this.#openedAtMs = clock.now();
    const seed = (): number => faults.seed;
    const deliver = (message: Buffer): void => {
      this.sendNow(message);
    };
    this.#toClient = new FaultyLine({ clock, seed, faults: () => faults.toClient, deliver });
    const toAgent = new FaultyLine({ clock, seed, faults: () => faults.toAgent, deliver: options.onMessage });
    webSocket.on("message", (message: Buffer) => {
      if (this.#isCut) return;
      this.#count(message.length);
      toAgent.pass(message);
      if (faults.stopReading) this.#applyReading();
    });
    webSocket.on("close", () => {
      this.#callOffWatch();
      options.onClosed();
    });
    this.#watch();
  }

  send(message: Buffer): void {
    this.#toClient.pass(message);
  }

  /** Sends past all faults: what the service itself has to say. */
  sendNow(message: Buffer): void {
    if (this.#isCut) return;
    this.#cork();
    this.#options.webSocket.send(message, { binary: true, compress: false });
    this.#count(message.length);
  }

  setReading(isReading: boolean): void {
    this.#isWanted = isReading;
    this.#applyReading();
  }

  /** Says goodbye, and cuts the connection if the client does not answer. */
  close(code: number, reason: string): void {
    this.#options.webSocket.close(code, reason);
  }

  /** Cuts the connection if the client has not left by itself after `limitMs`. */
  awaitLeaving(limitMs: number): void {
    const callOff = this.#options.clock.schedule(limitMs, () => {
      this.terminate();
    });
    this.#options.webSocket.once("close", callOff);
  }

  /** Cuts the connection. */
  terminate(): void {
    this.#options.webSocket.terminate();
  }

  /** One system call for all that is sent in one go, instead of one for each message. */
  #cork(): void {
    if (this.#isCorked) return;
    const { transport } = this.#options;
    this.#isCorked = true;
    transport.cork();
    process.nextTick(() => {
      this.#isCorked = false;
      transport.uncork();
    });
  }

  #count(bytes: number): void {
    this.#carriedBytes += bytes;
    if (!this.#isCut && this.#carriedBytes >= (this.#options.faults.closeSocketAfterBytes ?? Infinity)) this.#cut();
  }

  /** What was carried arrives, or a session whose sockets are all short-lived would never get on. */
  #cut(): void {
    this.#isCut = true;
    const { transport, clock } = this.#options;
    const callOff = clock.schedule(CUT_LIMIT_MS, () => {
      this.terminate();
    });
    transport.end(() => {
      callOff();
      this.terminate();
    });
  }

  #applyReading(): void {
    const { webSocket, faults } = this.#options;
    if (this.#isWanted && !faults.stopReading) webSocket.resume();
    else webSocket.pause();
  }

  #watch(): void {
    const { clock, faults, onPause } = this.#options;
    this.#callOffWatch = clock.schedule(WATCH_INTERVAL_MS, () => {
      this.#applyReading();
      const closeAtMs = (faults.closeSocketAtMinute ?? Infinity) * MINUTE_MS;
      if (clock.now() - this.#openedAtMs >= closeAtMs) this.close(1000, "Bye");
      if (faults.pausePublication !== this.#isPaused) onPause((this.#isPaused = faults.pausePublication));
      this.#watch();
    });
  }
}
