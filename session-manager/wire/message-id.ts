// The id of an agent message: a UUID whose two halves change places on the wire.
import { Buffer } from "node:buffer";

/** What a UUID takes on the wire. */
export const MESSAGE_ID_BYTES = 16;

const UUID_CHARACTERS = 36;
const HALF_BYTES = MESSAGE_ID_BYTES / 2;
const LAST_PLACE = MESSAGE_ID_BYTES - 1;
const HYPHEN = "-".charCodeAt(0);
const HYPHENS_AT = Uint8Array.of(8, 13, 18, 23);

/** Where in a UUID the two digits of each byte begin. */
const DIGITS_AT = Uint8Array.of(0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34);

const NO_DIGIT = 0xff;
const digits = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));
const valueOfCharacter = new Uint8Array(256).fill(NO_DIGIT);
for (const [value, character] of digits.entries()) valueOfCharacter[character] = value;
for (const [value, character] of "ABCDEF".split("").entries()) valueOfCharacter[character.charCodeAt(0)] = 10 + value;

// One id is written and one is read for each message, so both go character by character, without strings in between.
const characters = Buffer.alloc(UUID_CHARACTERS, "-");

/**
 * Writes a UUID at `offset`: bytes 8–15 of the UUID first, then bytes 0–7.
 *
 * Source: aws/session-manager-plugin src/message/messageparser.go (putUuid).
 *
 * @throws RangeError if `messageId` is not a UUID with hyphens
 */
export function writeMessageId(bytes: Buffer, messageId: string, offset: number): void {
  let isUuid = messageId.length === UUID_CHARACTERS && HYPHENS_AT.every((at) => messageId.charCodeAt(at) === HYPHEN);
  for (let place = 0; place < MESSAGE_ID_BYTES && isUuid; place += 1) {
    const at = DIGITS_AT[place] ?? 0;
    const high = valueOfCharacter[messageId.charCodeAt(at)] ?? NO_DIGIT;
    const low = valueOfCharacter[messageId.charCodeAt(at + 1)] ?? NO_DIGIT;
    isUuid = high !== NO_DIGIT && low !== NO_DIGIT;
    bytes[offset + ((place + HALF_BYTES) & LAST_PLACE)] = (high << 4) | low;
  }
  if (!isUuid) throw new RangeError(`cannot write message id: "${messageId}" is not a UUID`);
}

/** The UUID at `offset`, lower case with hyphens, its halves back in place. */
export function readMessageId(bytes: Buffer, offset: number): string {
  for (let place = 0; place < MESSAGE_ID_BYTES; place += 1) {
    const byte = bytes[offset + ((place + HALF_BYTES) & LAST_PLACE)] ?? 0;
    const at = DIGITS_AT[place] ?? 0;
    characters[at] = digits[byte >> 4] ?? 0;
    characters[at + 1] = digits[byte & 0xf] ?? 0;
  }
  return characters.toString("latin1");
}
