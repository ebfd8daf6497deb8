// The keys that never reach the far side.
import { describe, expect, it } from "@jest/globals";
import { EscapeKeys } from "../../../scripts/shell/escape-keys.ts";

/** What is passed on of keys that come in these pieces; `left` where the person leaves. */
function pass(...pieces: readonly string[]): string {
  let shown = "";
  const keys = new EscapeKeys(() => (shown += "<left>"));
  keys.on("data", (bytes: Buffer) => (shown += bytes.toString("latin1")));
  for (const piece of pieces) keys.write(Buffer.from(piece, "latin1"));
  while (keys.read() !== null);
  return shown;
}

describe("EscapeKeys", () => {
  it.each([
    ["ls -la ~/.ssh\r", "ls -la ~/.ssh\r"],
    ["a~.", "a~."],
    ["\u0003\u001c\u001a\u0004\0\u00ff", "\u0003\u001c\u001a\u0004\0\u00ff"],
    ["~~.", "~."],
    ["\r~~\r", "\r~\r"],
    ["~x", "~x"],
    ["~\r~x", "~\r~x"],
  ])("passes %j on as %j", async (typed, passed) => {
    const shown = pass(typed);
    await new Promise(setImmediate);
    expect(shown).toBe(passed);
  });

  it.each([
    [["~."], "<left>"],
    [["ls\r~.", "never"], "<left>"],
    [["ls\r", "~", "."], "<left>"],
    [["\n~.exit\r"], "<left>"],
  ])("leaves at ~. at the start of a line: %j", (typed, shown) => {
    expect(pass(...typed)).toContain(shown);
  });

  it("passes nothing on that was typed after it", () => {
    expect(pass("ls\r~.reboot\r")).not.toContain("reboot");
  });
});
