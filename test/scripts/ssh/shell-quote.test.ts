// Words that must reach a program through a shell unchanged.
import { describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { shellQuote } from "../../../scripts/ssh/shell-quote.ts";

const words = [
  "plain",
  "",
  "two words",
  "it's",
  '"double"',
  "$HOME",
  "`id`",
  "a\\b",
  "!x",
  "*",
  "100%",
  "-n",
  "a\nb",
  "é",
];

describe("shellQuote()", () => {
  it("leaves ordinary words readable", () => {
    expect(shellQuote("/usr/bin/node")).toBe("/usr/bin/node");
  });

  it.each(["/bin/sh", "bash"])("keeps every word as it is, read by %s", (shell) => {
    const { stdout } = spawnSync(shell, ["-c", `printf '%s\\0' ${words.map(shellQuote).join(" ")}`], {
      encoding: "utf8",
    });
    expect(stdout.split("\0").slice(0, -1)).toEqual(words);
  });
});
