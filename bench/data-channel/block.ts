// The data of the bench: one random block, over and over.
import { createHash, randomFillSync } from "node:crypto";

const BLOCK_BYTES = 1024 * 1024;
const block = randomFillSync(Buffer.alloc(BLOCK_BYTES));

/** The next piece of the endless data, at most `maxBytes` of it: a view. */
export function pieceAt(offset: number, maxBytes: number): Buffer {
  const start = offset % BLOCK_BYTES;
  return block.subarray(start, Math.min(BLOCK_BYTES, start + maxBytes));
}

/** SHA-256 of the first `length` bytes of it. */
export function digestOfFirst(length: number): string {
  const digest = createHash("sha256");
  for (let offset = 0; offset < length; offset += BLOCK_BYTES) digest.update(pieceAt(offset, length - offset));
  return digest.digest("hex");
}
