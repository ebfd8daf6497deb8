// The way out of a session that answers no more, since Ctrl-C goes to the far side: ssh's own, ~. at the start of a line.
import { Transform, type TransformCallback } from "node:stream";

const TILDE = 0x7e;
const PERIOD = 0x2e;
const LINE_ENDS: readonly (number | undefined)[] = [0x0d, 0x0a];

/** Passes keys on, but for `~.` (leaves) and `~~` (one tilde) at the start of a line. */
export class EscapeKeys extends Transform {
  readonly #onLeave: () => void;
  #isLineStart = true;
  #isTildeHeld = false;

  /** @param onLeave - called at `~.`; nothing is passed on from there */
  constructor(onLeave: () => void) {
    super();
    this.#onLeave = onLeave;
  }

  override _transform(keys: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const passed: number[] = [];
    for (const key of keys) if (!this.#pass(key, passed)) break;
    done(null, passed.length > 0 ? Buffer.from(passed) : undefined);
  }

  /** False when the person leaves. */
  #pass(key: number, passed: number[]): boolean {
    if (this.#isTildeHeld) {
      this.#isTildeHeld = false;
      if (key === PERIOD) {
        this.#onLeave();
        return false;
      }
      passed.push(TILDE);
      if (key === TILDE) return true;
    } else if (this.#isLineStart && key === TILDE) {
      this.#isLineStart = false;
      this.#isTildeHeld = true;
      return true;
    }
    passed.push(key);
    this.#isLineStart = LINE_ENDS.includes(key);
    return true;
  }
}
