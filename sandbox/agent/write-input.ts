// Writing what a client sent to a stream that may be slower than the client.
import type { Writable } from "node:stream";
import type { Handled } from "./inbox.ts";

/** Writes; what the stream holds back delays the acknowledgement, and so the client. */
export function writeInput(stream: Writable, payload: Uint8Array): Handled {
  if (!stream.writable) return "done"; // it is closing, and the session with it
  if (stream.write(payload)) return "done";
  return new Promise((resolve) => {
    const done = (): void => {
      stream.removeListener("drain", done).removeListener("close", done);
      resolve("done");
    };
    stream.once("drain", done).once("close", done);
  });
}
