// What a data channel is made of.
import type { Clock } from "../clock.ts";
import type { SessionEncryption } from "../encryption/data-key.ts";
import type { ChannelSession, DataChannel } from "./data-channel.ts";
import type { HandshakeOutcome } from "./handshake.ts";
import type { ResumeSession } from "./resumption.ts";
import type { SessionEventListener } from "./session-event.ts";
import type { SessionTicket } from "./session-ticket.ts";
import type { OpenTransport } from "./transport.ts";

/** The parts that are handed in, and what is to be made of the channel. */
export interface DataChannelOptions {
  readonly ticket: SessionTicket;
  readonly clock: Clock;
  readonly openTransport: OpenTransport;
  /** Four numbers with dots. */
  readonly clientVersion: string;
  /** @default DEFAULT_PAYLOAD_BYTES */
  readonly maxPayloadBytes?: number | undefined;
  /** Makes the session when the handshake is over; throws a ProtocolError if it is of another kind. */
  readonly accept: (channel: DataChannel, outcome: HandshakeOutcome) => ChannelSession;
  /** Without it, an agent that asks for encryption is refused. */
  readonly encryption?: SessionEncryption | undefined;
  /** Whether what runs may be silent for long before its first output, which is all that begins a session in clear. */
  readonly mayBeSilent?: boolean;
  /** Without it, a lost connection is the end. */
  readonly resume?: ResumeSession | undefined;
  readonly onEvent?: SessionEventListener | undefined;
}
