// What a test can make go wrong on the way between client and agent; decided by a seed, so that it can be played again.

/** Faults of one direction; each number is the share of messages that it meets, 0 to 1. */
export interface MessageFaults {
  drop: number;
  duplicate: number;
  /** Swaps the message with the next one; handshake messages keep their place, as no real end survives that. */
  reorder: number;
  /** Holds the message back by `delayMs`; those behind it overtake. */
  delay: number;
  delayMs: number;
  /** Flips one bit. */
  corrupt: number;
  /** Drops acknowledgements only. */
  dropAcknowledgements: number;
}

/** All faults of a sandbox. They are read at each step: a test may switch them at any time. */
export interface Faults {
  /** The same seed and the same messages meet the same faults; each data channel counts its messages from 0. */
  seed: number;
  toClient: MessageFaults;
  toAgent: MessageFaults;
  /** Cuts each websocket, without a close frame, when it has carried this many bytes both ways together; those arrive. */
  closeSocketAfterBytes: number | undefined;
  /** Closes each websocket with 1000 `Bye` when it is this many minutes old; the real service does so at about 60. */
  closeSocketAtMinute: number | undefined;
  /** Reads nothing that the client sends, pings included. */
  stopReading: boolean;
  /** Leaves the client's pings unanswered. */
  stopPonging: boolean;
  /** Lets no session be resumed: ResumeSession gives no token, and a token for a second data channel opens none. */
  refuseResume: boolean;
  /** Tells agent and client to pause; false again tells them to go on. */
  pausePublication: boolean;
  /** Spaces the agent's output by this many ms a message; 1 is what the real agent does. 0: as fast as it goes. */
  outputIntervalMs: number;
}

/** A sandbox in which nothing goes wrong. */
export function noFaults(): Faults {
  return {
    seed: 1,
    toClient: noMessageFaults(),
    toAgent: noMessageFaults(),
    closeSocketAfterBytes: undefined,
    closeSocketAtMinute: undefined,
    stopReading: false,
    stopPonging: false,
    refuseResume: false,
    pausePublication: false,
    outputIntervalMs: 0,
  };
}

/** A direction in which nothing goes wrong. */
export function noMessageFaults(): MessageFaults {
  return { drop: 0, duplicate: 0, reorder: 0, delay: 0, delayMs: 0, corrupt: 0, dropAcknowledgements: 0 };
}

/**
 * A number from 0 up to, not including, 1, that depends on the three given and on nothing else.
 *
 * Not drawn from a sequence: switching one fault on must not move the others to other messages.
 * The mixing is that of SplitMix32.
 */
export function chance(seed: number, messageIndex: number, purpose: number): number {
  let mixed = (seed ^ Math.imul(messageIndex + 1, 0x9e3779b9) ^ Math.imul(purpose + 1, 0x85ebca6b)) >>> 0;
  for (const factor of [0x21f0aaad, 0x735a2d97]) {
    mixed = Math.imul(mixed ^ (mixed >>> 16), factor);
    mixed ^= mixed >>> 15;
  }
  return (mixed >>> 0) / 2 ** 32;
}
