import { describe, expect, it } from "@jest/globals";
import { readCommandLine } from "../../../scripts/command/command-line.ts";
import { type CopyArguments, copyFlags, parseCopyArguments } from "../../../scripts/copy/copy-arguments.ts";

function parse(...words: readonly string[]): CopyArguments {
  return parseCopyArguments(readCommandLine(words, copyFlags));
}

describe("parseCopyArguments()", () => {
  it.each([
    [["box:/var/log/x", "."], { direction: "download", sources: ["/var/log/x"], destination: "." }],
    [["x", "box:"], { direction: "upload", sources: ["x"], destination: "." }],
    [["box:~/x", "box:y", "here"], { direction: "download", sources: ["x", "y"], destination: "here" }],
    [["./a:b", "box:c:d"], { direction: "upload", sources: ["./a:b"], destination: "c:d" }],
    [["-r", "-p", "box:x", "."], { isRecursive: true, sessions: 8, compression: "auto" }],
    [["-C", "--sessions", "3", "box:x", "."], { compression: "always", sessions: 3 }],
    [["-i", "key", "box:x", "."], { keyName: "key" }],
  ])("reads %j", (words, expected) => {
    expect(parse(...words)).toMatchObject(expected);
  });

  it("reads the OS user before the name", () => {
    expect(parse("ada@box:x", ".").target).toMatchObject({ word: "box", osUser: "ada" });
  });

  it.each([
    [["box:x"], "a source and a destination are needed"],
    [["a", "b"], "cannot copy from here to here"],
    [["box:a", "b", "c"], "cannot copy from here to here"],
    [["box:a", "box:b"], "cannot copy from one bastion to another"],
    [["box:a", "other:b", "c"], 'cannot copy from "box" and "other" at once'],
    [["--sessions", "33", "box:a", "."], 'cannot use "33" sessions'],
    [["-C", "--no-compression", "box:a", "."], "cannot both compress and not compress"],
    [["", "box:"], "a path is empty"],
  ])("fails with a usage error for %j", (words, message) => {
    expect(() => parse(...words)).toThrow(message);
  });
});
