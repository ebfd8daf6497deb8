// What a log keeps of a terminal's output.
import { describe, expect, it } from "@jest/globals";
import { KeptOutput } from "../../../sandbox/services/kept-output.ts";

function kept(...chunks: readonly string[]): KeptOutput {
  const output = new KeptOutput();
  for (const chunk of chunks) output.push(Buffer.from(chunk));
  return output;
}

describe("KeptOutput", () => {
  it("gives whole lines, and keeps what stands behind the last", () => {
    const output = kept("one\ntw", "o\nthr");
    expect(output.takeLines()).toEqual(["one", "two"]);
    output.push(Buffer.from("ee"));
    expect(output.takeLines()).toEqual([]);
    expect(output.takeAll()).toEqual(["three"]);
    expect(output.takeAll()).toEqual([]);
  });

  it("leaves colours, titles and carriage returns out", () => {
    expect(kept("\u001b]0;title\u0007\u001b[1;32muser\u001b[0m$ ls\r\n").takeLines()).toEqual(["user$ ls"]);
  });

  it("does not cut a character that comes in two chunks", () => {
    const [first, second] = [Buffer.from("ü").subarray(0, 1), Buffer.from("ü").subarray(1)];
    const output = new KeptOutput();
    output.push(first);
    expect(output.takeLines()).toEqual([]);
    output.push(second);
    expect(output.takeAll()).toEqual(["ü"]);
  });

  it("stops to keep what nobody could read", () => {
    const output = kept("x".repeat(17 * 1024 * 1024), "more");
    expect(output.takeAll()[0]).not.toContain("more");
  });
});
