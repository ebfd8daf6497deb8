// The command line of connect.ts.
import { describe, expect, it } from "@jest/globals";
import { connectFlags, parseConnectArguments } from "../../../scripts/bastion/connect-arguments.ts";
import { readCommandLine } from "../../../scripts/command/command-line.ts";

const parse = (...words: string[]) => parseConnectArguments(readCommandLine(words, connectFlags));

describe("parseConnectArguments()", () => {
  it("reads bastion, key, and what is ssh's", () => {
    expect(parse("ann@bastion", "my_key", "--", "-v", "uname", "-a")).toEqual({
      target: { word: "bastion", instanceId: undefined, osUser: "ann" },
      keyName: "my_key",
      rebootPolicy: "ask",
      force: false,
      words: { options: ["-v"], command: ["uname", "-a"] },
    });
  });

  it.each([
    ["--reboot", "always"],
    ["--no-reboot", "never"],
  ])("reads %s", (flag, rebootPolicy) => {
    expect(parse("bastion", flag)).toMatchObject({ rebootPolicy });
  });

  it.each([
    ["no bastion", [], "no bastion is named"],
    ["an empty bastion", [""], "no bastion is named"],
    ["an empty key", ["bastion", ""], "the key's file name is empty"],
    ["a command without --", ["bastion", "key", "uname"], 'unexpected argument "uname"'],
    ["both of two flags", ["bastion", "--reboot", "--no-reboot"], "cannot both reboot and not reboot"],
  ])("fails with 64 for %s", (_what, words, message) => {
    expect(() => parse(...words)).toThrow(expect.objectContaining({ exitCode: 64, message }));
  });
});
