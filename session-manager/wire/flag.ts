// The payload of a flag message: one word about the session itself.
import { Buffer } from "node:buffer";
import { ProtocolError } from "../protocol-error.ts";

/** What a flag message says. Source: aws/session-manager-plugin src/message/clientmessage.go (PayloadTypeFlag). */
export const Flag = {
  /** Client to agent, basic port forwarding: the local connection was closed. */
  disconnectToPort: 1,
  /** Client to agent: end the session. */
  terminateSession: 2,
  /** Agent to client, mux port forwarding: the destination could not be reached; a FIN says for which stream. */
  connectToPortError: 3,
} as const;

const FLAG_BYTES = 4;

/** The flag as four bytes, big-endian. */
export function encodeFlag(flag: number): Buffer {
  const bytes = Buffer.alloc(FLAG_BYTES);
  bytes.writeUInt32BE(flag);
  return bytes;
}

/**
 * The flag in these bytes: one of Flag, or one we do not know.
 *
 * @throws ProtocolError with the code FLAG_BAD_LENGTH unless there are four bytes
 */
export function decodeFlag(payload: Uint8Array): number {
  if (payload.length !== FLAG_BYTES) {
    throw new ProtocolError("FLAG_BAD_LENGTH", `cannot decode flag: ${payload.length} bytes are not ${FLAG_BYTES}`);
  }
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0);
}
