// The command line of completion.ts.
import { describe, expect, it } from "@jest/globals";
import { readCommandLine } from "../../../scripts/command/command-line.ts";
import { completionFlags, parseCompletionArguments } from "../../../scripts/completion/completion-arguments.ts";
import { ExitCode } from "../../../scripts/errors/exit-code.ts";

const parse = (...words: string[]) => parseCompletionArguments(readCommandLine(words, completionFlags));

describe("parseCompletionArguments()", () => {
  it("takes the name of a shell", () => {
    expect(parse("zsh")).toEqual({ action: "print", shell: "zsh" });
  });

  it("takes the words of a command line behind --, whatever they are", () => {
    expect(parse("--", "connect.ts", "--", "")).toEqual({ action: "complete", words: ["connect.ts", "--", ""] });
  });

  it.each([
    ["no shell", [], /no shell is named/],
    ["a shell that it does not know", ["tcsh"], /cannot complete in "tcsh"/],
    ["two shells", ["zsh", "bash"], /unexpected argument "bash"/],
    ["a shell and words", ["zsh", "--", "x"], /unexpected argument "x"/],
  ])("fails with 64 for %s", (_what, words, message) => {
    expect(() => parse(...words)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(message), exitCode: ExitCode.Usage }),
    );
  });
});
