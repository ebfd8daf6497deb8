// Two ends of one connection inside this process, as a socket pair without the sockets.
import { duplexPair, type Duplex } from "node:stream";

/** Bytes that may wait in each direction. */
const WAITING_LIMIT_BYTES = 64 * 1024;

/** A pair of streams: what is written to one is read from the other; one that is destroyed takes the other along. */
export function joinedStreams(): [Duplex, Duplex] {
  const [one, other] = duplexPair({ highWaterMark: WAITING_LIMIT_BYTES });
  one.once("close", () => other.destroy());
  other.once("close", () => one.destroy());
  return [one, other];
}
