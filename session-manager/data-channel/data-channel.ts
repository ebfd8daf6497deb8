// The data channel of one session: the agent's and our messages, delivered whole, in order, once.
import type { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import type { PayloadCipher } from "../encryption/payload-cipher.ts";
import { ProtocolError } from "../protocol-error.ts";
import { decodeAcknowledge } from "../wire/acknowledge.ts";
import { decodeAgentMessage, MessageType, PayloadType } from "../wire/agent-message.ts";
import type { AgentMessage } from "../wire/agent-message.ts";
import { decodeChannelClosed } from "../wire/channel-closed.ts";
import { encodeFlag, Flag } from "../wire/flag.ts";
import { encodeOpenDataChannel } from "../wire/open-data-channel.ts";
import { quote } from "../wire/quote.ts";
import { acknowledgementOf } from "./acknowledgement.ts";
import { ConnectionError } from "./connection-error.ts";
import type { DataChannelOptions } from "./data-channel-options.ts";
import { deferred } from "./deferred.ts";
import { Handshake, HANDSHAKE_LIMIT_MS, isHandshakeType } from "./handshake.ts";
import type { HandshakeOutcome } from "./handshake.ts";
import { IncomingStream } from "./incoming-stream.ts";
import { DEFAULT_PAYLOAD_BYTES, OutgoingStream } from "./outgoing-stream.ts";
import { resumeConnection } from "./resumption.ts";
import { printableLine, SessionEndedError } from "./session-end.ts";
import type { SessionEnd } from "./session-end.ts";
import type { SessionTicket } from "./session-ticket.ts";
import { move } from "./states.ts";
import type { DataChannelState } from "./states.ts";
import type { Transport } from "./transport.ts";

/** How long the service may take to close a session that we asked it to end. */
export const TERMINATE_LIMIT_MS = 2000;

/** The session that uses a channel; called in order, never before it was made. */
export interface ChannelSession {
  /** A payload of the agent's: a view, so copy what is kept. */
  onPayload(payloadType: number, payload: Uint8Array): void;

  /** There is room to send again, after `hasRoom` was false. */
  onRoom(): void;

  /** The channel is closed, and calls nothing more; `error` tells why, unless it was a regular end. */
  onEnd(end: SessionEnd, error: Error | undefined): void;
}

/** See DataChannelState for its life; once closed it stays closed. */
export class DataChannel {
  readonly #options: DataChannelOptions;
  readonly #clientId = randomUUID(); // kept over resumes, as AWS's own client does
  readonly #incoming = new IncomingStream();
  readonly #outgoing: OutgoingStream;
  readonly #handshake: Handshake;
  readonly #closing = new AbortController();
  readonly #opened = deferred<undefined>();
  readonly #ended = deferred<SessionEnd>();
  #state: DataChannelState = "opening";
  #transport: Transport | undefined;
  #session: ChannelSession | undefined;
  #cipher: PayloadCipher | undefined;
  #isReadingPaused = false;
  #isDelivering = false;
  #isRoomAwaited = false; // by a session that is being made
  #attemptsInVain = 0; // to resume, since anything was last heard
  #cancelLimit: () => void = () => undefined;
  readonly #fail = (error: unknown): void => {
    const cause = error instanceof Error ? error : new TypeError(String(error));
    const by = cause instanceof ConnectionError ? "connection" : "client";
    this.#finish({ reason: printableLine(cause.message), by }, cause);
  };

  constructor(options: DataChannelOptions) {
    this.#options = options;
    this.#handshake = new Handshake({
      clientVersion: options.clientVersion,
      sessionId: options.ticket.sessionId,
      encryption: options.encryption,
      send: (payloadType, payload) => {
        if (this.#state !== "closed") this.#outgoing.send(payloadType, payload);
      },
    });
    this.#outgoing = new OutgoingStream({
      clock: options.clock,
      maxPayloadBytes: options.maxPayloadBytes,
      transmit: (bytes) => this.#transport?.send(bytes),
      isBlocked: () => this.#isReadingPaused || (this.#transport?.bufferedBytes ?? 0) > 0,
      onRoom: () => this.#session?.onRoom(),
      onResent: (count, timeoutMs) => options.onEvent?.({ type: "messages-resent", count, timeoutMs }),
      onGivenUp: () => {
        this.#fail(new ConnectionError("NOT_ACKNOWLEDGED", "connection lost: the agent acknowledges nothing"));
      },
    });
  }

  /** Resolves when the session is over, however it ended; never rejects. */
  get ended(): Promise<SessionEnd> {
    return this.#ended.promise;
  }

  /** The largest payload to send at once. */
  get maxPayloadBytes(): number {
    return this.#options.maxPayloadBytes ?? DEFAULT_PAYLOAD_BYTES;
  }

  /** Whether one more payload may be sent; after false, `onRoom` is called when it may. */
  get hasRoom(): boolean {
    // The handshake sends too, but what is sent before its end by anybody else would be thrown away by the agent.
    if (this.#session === undefined) this.#isRoomAwaited = true;
    return this.#session !== undefined && this.#outgoing.hasRoom;
  }

  /**
   * Resolves when the handshake is over and the session is made.
   *
   * @throws ConnectionError, ProtocolError, or SessionEndedError when the service closed the session meanwhile; the
   *   signal's reason when it is aborted first
   */
  async open(signal?: AbortSignal): Promise<void> {
    const onAbort = (): void => {
      this.#finish({ reason: "aborted", by: "client" }, signal?.reason as Error);
    };
    signal?.throwIfAborted();
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#cancelLimit = this.#options.clock.schedule(HANDSHAKE_LIMIT_MS, () => {
      this.#onHandshakeLimit();
    });
    this.#connect(this.#options.ticket).catch(this.#fail);
    await this.#opened.promise.finally(() => signal?.removeEventListener("abort", onAbort));
  }

  /** Sends one payload; ask `hasRoom` first. */
  send(payloadType: number, payload: Uint8Array): void {
    this.#outgoing.send(payloadType, this.#cipher === undefined ? payload : this.#cipher.seal(payloadType, payload));
  }

  /** Stops reading, so that the network holds the peer back, and back-pressure reaches the agent. */
  pauseReading(): void {
    this.#isReadingPaused = true;
    this.#transport?.pause();
  }

  /** Reads again. */
  resumeReading(): void {
    if (!this.#isReadingPaused) return;
    this.#isReadingPaused = false;
    this.#outgoing.restartWaits();
    this.#transport?.resume();
    this.#deliverFrom(undefined); // which may be too much again
  }

  /** Resolves when the agent has acknowledged all that was sent, or the session is over. */
  whenAcknowledged(): Promise<void> {
    return this.#outgoing.whenEmpty();
  }

  /**
   * Ends the session, and resolves when it is over: when the service confirms, or after 2 s.
   *
   * @param withFlag - whether the agent understands the flag TerminateSession; else only the connection is closed
   */
  async terminate(withFlag: boolean): Promise<void> {
    const end: SessionEnd = { reason: "ended by this side", by: "client" };
    if (this.#state !== "established" && this.#state !== "paused") {
      if (this.#state !== "closing") this.#finish(end, undefined);
    } else if (withFlag) {
      this.#move("closing");
      this.#outgoing.setFlow("flowing");
      this.#outgoing.send(PayloadType.flag, encodeFlag(Flag.terminateSession));
      this.resumeReading(); // or the answer would never be seen
      this.#cancelLimit = this.#options.clock.schedule(TERMINATE_LIMIT_MS, () => {
        this.#finish(end, undefined);
      });
    } else this.#finish(end, undefined);
    await this.ended;
  }

  async #connect(ticket: SessionTicket): Promise<void> {
    let lossBeforeUse: ConnectionError | undefined;
    const listener = {
      transport: undefined as Transport | undefined,
      onMessage: (bytes: Buffer): void => {
        if (listener.transport !== undefined && listener.transport === this.#transport) this.#onMessage(bytes);
      },
      onClose: (cause: ConnectionError): void => {
        if (listener.transport === undefined) lossBeforeUse = cause;
        else this.#onClose(cause);
      },
    };
    const transport = await this.#options.openTransport(ticket.streamUrl, listener, this.#closing.signal);
    if (lossBeforeUse !== undefined) throw lossBeforeUse;
    listener.transport = transport;
    const { tokenValue } = ticket;
    const { clientVersion } = this.#options;
    transport.sendText(
      encodeOpenDataChannel({ requestId: randomUUID(), tokenValue, clientId: this.#clientId, clientVersion }),
    );
    this.#use(transport);
  }

  #use(transport: Transport): void {
    if (this.#state === "closed") {
      transport.close();
      return;
    }
    this.#transport = transport;
    this.#move(this.#session === undefined ? "handshaking" : "established");
    if (this.#isReadingPaused) transport.pause();
    this.#outgoing.setFlow("flowing");
    this.#outgoing.resendAll();
  }

  #onClose(cause: ConnectionError): void {
    this.#transport = undefined;
    this.#outgoing.setFlow("held");
    const { resume, clock, ticket, onEvent } = this.#options;
    if (this.#state === "closing") this.#finish({ reason: "ended by this side", by: "client" }, undefined);
    else if (resume === undefined || this.#state === "opening") this.#fail(cause);
    else {
      this.#move("resuming");
      resumeConnection({
        sessionId: ticket.sessionId,
        resume,
        connect: (next) => this.#connect(next),
        clock,
        signal: this.#closing.signal,
        attemptsInVain: this.#attemptsInVain,
        cause,
        onAttempt: () => {
          this.#attemptsInVain += 1;
          onEvent?.({ type: "resume-attempt", attempt: this.#attemptsInVain, detail: cause.message });
        },
      }).catch(this.#fail);
    }
  }

  #onMessage(bytes: Buffer): void {
    this.#attemptsInVain = 0;
    try {
      const message = decodeAgentMessage(bytes);
      if (message.messageType === MessageType.outputStreamData) this.#receive(message);
      else if (message.messageType === MessageType.acknowledge) this.#onAcknowledge(message);
      else this.#onControl(message);
    } catch (error) {
      if (!(error instanceof ProtocolError)) this.#fail(error);
      else this.#ignore(error.message); // as AWS's own client does: what is damaged is sent again
    }
  }

  #receive(message: AgentMessage): void {
    const verdict = this.#incoming.receive(message);
    if (verdict === "no-room") return;
    this.#transport?.send(acknowledgementOf(message, this.#options.clock.now()));
    this.#unpause();
    if (verdict === "next") this.#deliverFrom(message);
  }

  /** Delivers it, and what came before its turn and waits; behind what is being delivered, and not while nobody reads. */
  #deliverFrom(first: AgentMessage | undefined): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    for (let next = first ?? this.#nextKept; next !== undefined; next = this.#nextKept) this.#deliver(next);
    this.#isDelivering = false;
  }

  get #nextKept(): AgentMessage | undefined {
    return this.#isReadingPaused || this.#state === "closed" ? undefined : this.#incoming.takeNext();
  }

  #onAcknowledge(message: AgentMessage): void {
    this.#unpause();
    this.#outgoing.acknowledge(decodeAcknowledge(message.payload).acknowledgedMessageSequenceNumber);
  }

  #onControl(message: AgentMessage): void {
    if (message.messageType === MessageType.channelClosed) {
      const reason = printableLine(decodeChannelClosed(message.payload).output);
      const by = this.#state === "closing" ? "client" : "agent";
      // What is kept comes before the end, and cannot wait for a reader.
      for (let kept = this.#incoming.takeNext(); kept !== undefined; kept = this.#incoming.takeNext())
        this.#deliver(kept);
      this.#finish({ reason: reason === "" ? "closed by the service" : reason, by }, undefined);
    } else if (message.messageType === MessageType.startPublication) this.#unpause();
    else if (message.messageType === MessageType.pausePublication) this.#pause();
    else this.#ignore(`message type ${quote(message.messageType)} means nothing to a client`);
  }

  #deliver({ payloadType = PayloadType.none, payload }: AgentMessage): void {
    try {
      if (isHandshakeType(payloadType)) this.#shakeHands(payloadType, payload);
      else this.#payload(payloadType, payload);
    } catch (error) {
      this.#fail(error); // a numbered message comes once: what cannot be used is lost for good
    }
  }

  #shakeHands(payloadType: number, payload: Uint8Array): void {
    const outcome = this.#handshake.receive(payloadType, payload);
    if (outcome instanceof Promise) outcome.catch(this.#fail);
    else if (outcome !== undefined) this.#establish(outcome);
  }

  #payload(payloadType: number, payload: Uint8Array): void {
    // Shells and interactive commands without encryption shake no hands: output simply begins.
    if (this.#session === undefined) this.#establish(this.#handshake.skip());
    const cipher = this.#cipher;
    this.#session?.onPayload(payloadType, cipher === undefined ? payload : cipher.unseal(payloadType, payload));
  }

  #onHandshakeLimit(): void {
    const maySkip = this.#options.mayBeSilent === true && this.#state === "handshaking";
    try {
      this.#establish(this.#handshake.timeOut(maySkip));
    } catch (error) {
      this.#fail(error);
    }
  }

  #establish(outcome: HandshakeOutcome): void {
    const { agentVersion, sessionType, encryption } = outcome;
    this.#options.onEvent?.({ type: "handshake", agentVersion, sessionType, kmsKeyId: encryption?.kmsKeyId });
    const text = printableLine(outcome.customerMessage);
    if (text !== "") this.#options.onEvent?.({ type: "customer-message", text });
    this.#cipher = encryption?.cipher;
    this.#session = this.#options.accept(this, outcome);
    this.#cancelLimit();
    this.#move("established");
    this.#opened.resolve(undefined);
    if (this.#isRoomAwaited) this.#session.onRoom();
  }

  #pause(): void {
    if (this.#state !== "established") return;
    this.#move("paused");
    this.#outgoing.setFlow("probing");
  }

  #unpause(): void {
    if (this.#state !== "paused") return;
    this.#move("established");
    this.#outgoing.setFlow("flowing");
  }

  #ignore(detail: string): void {
    this.#options.onEvent?.({ type: "message-ignored", detail });
  }

  #finish(end: SessionEnd, error: Error | undefined): void {
    if (this.#state === "closed") return;
    this.#move("closed");
    this.#cancelLimit();
    this.#outgoing.stop();
    this.#closing.abort();
    this.#transport?.close();
    this.#transport = undefined;
    this.#opened.reject(error ?? new SessionEndedError(end));
    this.#opened.promise.catch(() => undefined); // nobody may be waiting
    this.#session?.onEnd(end, error);
    this.#ended.resolve(end);
  }

  #move(to: DataChannelState): void {
    const from = this.#state;
    this.#state = move(from, to);
    this.#options.onEvent?.({ type: "state", from, to });
  }
}
