// Where to cut UTF-8, so that no character falls in two.

/** The most bytes that a character's beginning can be without being the whole of it. */
const MAX_INCOMPLETE_BYTES = 3;

/** How many of the bytes are whole characters; what follows them is the beginning of one, 3 bytes at most. */
export function wholeCharacters(bytes: Uint8Array): number {
  const last = bytes.length - 1;
  for (let back = 0; back < Math.min(MAX_INCOMPLETE_BYTES, bytes.length); back++) {
    const needed = characterBytes(bytes[last - back] ?? 0);
    if (needed > 0) return needed > back + 1 ? last - back : bytes.length;
  }
  return bytes.length; // no character begins here: not UTF-8, so it goes as it is
}

/** Bytes of the character that begins with this one; 0 for one that goes on. */
function characterBytes(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xc0) return 0;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}
