// The id of an agent message: a UUID whose two halves change places on the wire.
import type { Buffer } from "node:buffer";

/** What a UUID takes on the wire. */
export const MESSAGE_ID_BYTES = 16;

const UUID_CHARACTERS = 36;
const HALF_BYTES = MESSAGE_ID_BYTES / 2;

/**
 * Writes a UUID at `offset`: bytes 8–15 of the UUID first, then bytes 0–7.
 *
 * Source: aws/session-manager-plugin src/message/messageparser.go (putUuid).
 *
 * @throws RangeError if `messageId` is not a UUID with hyphens
 */
export function writeMessageId(bytes: Buffer, messageId: string, offset: number): void {
  const low = messageId.slice(19, 23) + messageId.slice(24);
  const high = messageId.slice(0, 8) + messageId.slice(9, 13) + messageId.slice(14, 18);
  const written = bytes.write(low, offset, "hex") + bytes.write(high, offset + HALF_BYTES, "hex");
  if (written !== MESSAGE_ID_BYTES || messageId.length !== UUID_CHARACTERS) {
    throw new RangeError(`cannot write message id: "${messageId}" is not a UUID`);
  }
}

/** The UUID at `offset`, lower case with hyphens, its halves back in place. */
export function readMessageId(bytes: Buffer, offset: number): string {
  const hex = bytes.toString("hex", offset, offset + MESSAGE_ID_BYTES);
  const high = `${hex.slice(16, 24)}-${hex.slice(24, 28)}-${hex.slice(28)}`;
  return `${high}-${hex.slice(0, 4)}-${hex.slice(4, 16)}`;
}
