// Random numbers that a seed decides: the same seed and index draw the same numbers on every computer.

/** A source of numbers for one input or one schedule; the mixing is that of SplitMix32. */
export class SeededRandom {
  #state: number;

  constructor(seed: number, index: number) {
    this.#state = (Math.imul(seed, 0x9e3779b9) ^ Math.imul(index + 1, 0x85ebca6b)) | 0;
    this.#next();
  }

  /** An integer from 0 up to, not including, `limit`. */
  below(limit: number): number {
    return Math.floor((this.#next() / 2 ** 32) * limit);
  }

  /** True for this share of the draws, 0 to 1. */
  meets(share: number): boolean {
    return this.#next() / 2 ** 32 < share;
  }

  /** One of the list, which must not be empty. */
  oneOf<Value>(list: readonly Value[]): Value {
    return list[this.below(list.length)] as Value;
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length; at += 1) bytes.writeUInt8(this.below(256), at);
    return bytes;
  }

  #next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }
}
