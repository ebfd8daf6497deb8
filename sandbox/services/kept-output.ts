// The output of a shell as its log shows it: lines without what moves the cursor.

/** More than a person reads; the rest of a session that writes more without an end of line is not logged. */
const MAX_KEPT_BYTES = 16 * 1024 * 1024;

/** Colours, titles, cursor movements and control characters but the tab. */
const CONTROLS =
  // eslint-disable-next-line no-control-regex -- control characters are what it looks for
  /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** Kept until it is taken. */
export class KeptOutput {
  #chunks: Buffer[] = [];
  #bytes = 0;

  push(output: Buffer): void {
    if (this.#bytes >= MAX_KEPT_BYTES) return;
    this.#chunks.push(output);
    this.#bytes += output.length;
  }

  /** Whole lines; what stands behind the last end of line stays. */
  takeLines(): string[] {
    const bytes = Buffer.concat(this.#chunks);
    const end = bytes.lastIndexOf("\n") + 1;
    this.#keep(bytes.subarray(end));
    return end === 0 ? [] : cleaned(bytes.subarray(0, end - 1));
  }

  takeAll(): string[] {
    const bytes = Buffer.concat(this.#chunks);
    this.#keep(Buffer.alloc(0));
    return bytes.length === 0 ? [] : cleaned(bytes);
  }

  #keep(bytes: Buffer): void {
    this.#chunks = bytes.length === 0 ? [] : [bytes];
    this.#bytes = bytes.length;
  }
}

function cleaned(bytes: Buffer): string[] {
  return bytes
    .toString()
    .split("\n")
    .map((line) => line.replaceAll(CONTROLS, ""));
}
