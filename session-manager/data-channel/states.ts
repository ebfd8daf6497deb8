// The states of a data channel, and the moves between them.
import { ProtocolError } from "../protocol-error.ts";

/** Where a data channel stands. */
export type DataChannelState =
  /** The websocket is being opened. */
  | "opening"
  /** The token is sent; the agent asks, we answer. */
  | "handshaking"
  /** Data flows. */
  | "established"
  /** The service says that the agent is away; one message at a time is tried. */
  | "paused"
  /** The websocket is gone, and a new one is sought for the same session. */
  | "resuming"
  /** We asked for the end. */
  | "closing"
  | "closed";

/** Which state may follow which. */
export const MOVES: Readonly<Record<DataChannelState, readonly DataChannelState[]>> = {
  opening: ["handshaking", "closed"],
  handshaking: ["established", "resuming", "closing", "closed"],
  established: ["paused", "resuming", "closing", "closed"],
  paused: ["established", "resuming", "closing", "closed"],
  resuming: ["handshaking", "established", "closed"],
  closing: ["closed"],
  closed: [],
};

/**
 * `to`, if it may follow `from`.
 *
 * @throws ProtocolError with the code DATA_CHANNEL_BAD_MOVE if it may not
 */
export function move(from: DataChannelState, to: DataChannelState): DataChannelState {
  if (!MOVES[from].includes(to)) {
    throw new ProtocolError("DATA_CHANNEL_BAD_MOVE", `cannot move data channel: from ${from} to ${to} is no move`);
  }
  return to;
}
