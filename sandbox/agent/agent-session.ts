// One session on the agent: handshake, then the plugin, until one of them ends it.
import type { Clock } from "../../session-manager/clock.ts";
import { ProtocolError } from "../../session-manager/protocol-error.ts";
import { PayloadType, type AgentMessage } from "../../session-manager/wire/agent-message.ts";
import { SessionType } from "../../session-manager/wire/handshake.ts";
import { Flag } from "../../session-manager/wire/flag.ts";
import { DataChannel, flagIn, type Link } from "./data-channel.ts";
import type { SessionKind } from "./document.ts";
import { Handshake, hasHandshake, type SessionEncryption } from "./handshake.ts";
import type { Handled } from "./inbox.ts";
import { failure, type Plugin, type StartPlugin } from "./plugin.ts";
import type { AgentTiming } from "./timing.ts";
import { TokenBucket } from "./token-bucket.ts";

export interface AgentSessionOptions {
  readonly clock: Clock;
  readonly timing: AgentTiming;
  /** Four numbers with dots; clients decide by it what the agent can do. */
  readonly agentVersion: string;
  readonly kind: SessionKind;
  readonly startPlugin: StartPlugin;
  /** None for a session in clear; ports are never encrypted. */
  readonly encryption?: SessionEncryption | undefined;
  /** Milliseconds between two messages of output, read at each. */
  readonly outputIntervalMs: () => number;
}

type State = "waiting" | "handshaking" | "running" | "ended";

/** What each state may become. */
export const AGENT_SESSION_MOVES: Readonly<Record<State, readonly State[]>> = {
  waiting: ["handshaking", "running", "ended"],
  handshaking: ["running", "ended"],
  running: ["ended"],
  ended: [],
};

/** A session that starts with its first link, outlives its links, and ends by itself or when told. */
export class AgentSession {
  /** Resolves once, with the reason for the person; empty when all is well. */
  readonly ended: Promise<string>;
  readonly #options: AgentSessionOptions;
  readonly #channel: DataChannel;
  #state: State = "waiting";
  #plugin: Plugin | undefined;
  #clientVersion = "";
  #handshake: Handshake | undefined;
  #lastInputMs: number;
  #resolveEnded: (reason: string) => void = () => undefined;

  constructor(options: AgentSessionOptions) {
    const { clock, timing, outputIntervalMs } = options;
    this.#options = options;
    this.#lastInputMs = clock.now();
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.#channel = new DataChannel({
      clock,
      timing,
      pace: new TokenBucket(clock, outputIntervalMs),
      onInput: (message) => this.#input(message),
    });
  }

  /** When the client was last heard of, in ms since 1970 UTC. */
  get lastInputMs(): number {
    return this.#lastInputMs;
  }

  /** A client is there, for the first time or again. */
  attach(link: Link): void {
    this.#channel.attach(link);
    if (this.#state !== "waiting") return;
    if (hasHandshake(this.#options.kind, this.#encryption)) {
      this.#startHandshake();
    } else {
      this.#move("running");
      this.#startPlugin();
    }
  }

  /** The client's websocket is gone; the session waits for the next. */
  detach(): void {
    this.#channel.detach();
  }

  /** Takes one binary frame of the client, or a control message of the service. */
  receive(bytes: Buffer): void {
    this.#lastInputMs = this.#options.clock.now();
    this.#channel.receive(bytes);
  }

  /** Ends the session at once: the service, the instance or the client wants it. */
  stop(reason: string): void {
    if (this.#state === "ended") return;
    this.#move("ended");
    this.#handshake?.stop();
    this.#plugin?.stop();
    this.#channel.destroy();
    this.#resolveEnded(reason);
  }

  #move(next: State): void {
    if (!AGENT_SESSION_MOVES[this.#state].includes(next)) {
      throw new ProtocolError("AGENT_SESSION_BAD_MOVE", `cannot go from ${this.#state} to ${next}`);
    }
    this.#state = next;
  }

  #startHandshake(): void {
    const { clock, agentVersion, kind } = this.#options;
    this.#move("handshaking");
    const handshake = new Handshake({
      clock,
      channel: this.#channel,
      agentVersion,
      kind,
      encryption: this.#encryption,
    });
    this.#handshake = handshake;
    handshake.completed.then(
      (clientVersion) => {
        this.#completeHandshake(clientVersion);
      },
      (error: unknown) => {
        this.stop(failure((error as Error).message));
      },
    );
  }

  get #encryption(): SessionEncryption | undefined {
    const { kind, encryption } = this.#options;
    return kind.sessionType === SessionType.port ? undefined : encryption;
  }

  #input(message: AgentMessage): Handled {
    switch (this.#state) {
      case "handshaking":
        return this.#handshake?.input(message) ?? "refused";
      case "running":
        return this.#pluginInput(message);
      case "waiting":
      case "ended":
        return "refused";
    }
  }

  #completeHandshake(clientVersion: string): void {
    if (this.#state !== "handshaking") return;
    const { clock, timing } = this.#options;
    this.#clientVersion = clientVersion;
    this.#move("running");
    if (timing.pauseAfterHandshakeMs === 0) {
      this.#startPlugin();
      return;
    }
    clock.schedule(timing.pauseAfterHandshakeMs, () => {
      this.#startPlugin();
    });
  }

  #startPlugin(): void {
    if (this.#state !== "running") return;
    const plugin = this.#options.startPlugin(this.#channel, this.#clientVersion);
    this.#plugin = plugin;
    this.#channel.retryInput();
    void plugin.ended.then(async (reason) => {
      if (this.#state !== "ended") await this.#channel.close();
      this.stop(reason);
    });
  }

  #pluginInput(message: AgentMessage): Handled {
    if (flagIn(message) === Flag.terminateSession) {
      queueMicrotask(() => {
        this.stop("");
      });
      return "done";
    }
    if (message.payloadType === PayloadType.handshakeResponse) return "done"; // a second one has nobody to read it
    return this.#plugin?.input(message) ?? "refused";
  }
}
