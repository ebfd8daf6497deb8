import { describe, expect, it } from "@jest/globals";
import { shellWords } from "../../../sandbox/agent/shell-words.ts";
import { compareVersions } from "../../../sandbox/agent/version.ts";
import { wholeCharacters } from "../../../sandbox/agent/whole-characters.ts";

describe("shellWords()", () => {
  it.each([
    ["ls  -l /tmp", ["ls", "-l", "/tmp"]],
    [`sh -c "echo 'a b'"`, ["sh", "-c", "echo 'a b'"]],
    [String.raw`a\ b "c\"d" 'e\f'`, ["a b", `c"d`, String.raw`e\f`]],
    [`one"two"'three'`, ["onetwothree"]],
    [`empty ""`, ["empty", ""]],
    ["   ", []],
  ])("splits %j", (line, words) => {
    expect(shellWords(line)).toEqual(words);
  });
});

describe("compareVersions()", () => {
  it.each([
    ["1.1.70", "1.1.70", 0],
    ["1.1.70.0", "1.1.70", 0],
    ["1.1.9", "1.1.70", -1],
    ["1.2.650.0", "1.2.331.0", 1],
    ["0.0.1", "1.1.70", -1],
    ["hostile", "0.0.0.0", 0],
  ])("compares %s with %s", (one, other, sign) => {
    expect(Math.sign(compareVersions(one, other))).toBe(sign);
  });
});

describe("wholeCharacters()", () => {
  it.each([
    ["61", 1],
    ["61c3", 1],
    ["61c3a9", 3],
    ["e282", 0],
    ["e282ac", 3],
    ["f09f9880", 4],
    ["61f09f98", 1],
    ["80808080", 4],
    ["", 0],
  ])("of %s are %i bytes", (hex, bytes) => {
    expect(wholeCharacters(Buffer.from(hex, "hex"))).toBe(bytes);
  });
});
