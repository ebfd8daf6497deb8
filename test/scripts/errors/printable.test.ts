// What a terminal would obey never reaches it.
import { describe, expect, it } from "@jest/globals";
import { printable, quoted } from "../../../scripts/errors/printable.ts";

describe("printable()", () => {
  it("leaves letters, marks and other scripts as they are", () => {
    expect(printable('bastion-1 "küche" 要塞')).toBe('bastion-1 "küche" 要塞');
  });

  it.each([
    ["escape", "\u001b[2J", "\\u001b[2J"],
    ["one-byte control sequence introducer", "\u009b31m", "\\u009b31m"],
    ["newline", "a\nb", "a\\u000ab"],
    ["right-to-left override", "\u202egnp.exe", "\\u202egnp.exe"],
    ["line separator", "a\u2028b", "a\\u2028b"],
  ])("writes the %s as its code", (_name, text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it("changes nothing when applied twice", () => {
    const once = printable("\u001b]0;title\u0007");
    expect(printable(once)).toBe(once);
  });
});

describe("quoted()", () => {
  it("puts double quotes around printable text", () => {
    expect(quoted("a\u001b")).toBe('"a\\u001b"');
  });
});
