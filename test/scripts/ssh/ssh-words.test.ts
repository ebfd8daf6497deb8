// Where ssh's options end and the remote command begins.
import { describe, expect, it } from "@jest/globals";
import { splitSshWords } from "../../../scripts/ssh/ssh-words.ts";

describe("splitSshWords()", () => {
  it.each([
    [[], [], []],
    [["uname", "-a"], [], ["uname", "-a"]],
    [["-v", "uname", "-v"], ["-v"], ["uname", "-v"]],
    [["-L", "8080:db:80", "-N"], ["-L", "8080:db:80", "-N"], []],
    [["-NL", "8080:db:80"], ["-NL", "8080:db:80"], []],
    [["-L8080:db:80", "id"], ["-L8080:db:80"], ["id"]],
    [
      ["-o", "ServerAliveInterval=5", "-oCompression=yes", "id"],
      ["-o", "ServerAliveInterval=5", "-oCompression=yes"],
      ["id"],
    ],
    [["-tt", "--", "-strange"], ["-tt"], ["-strange"]],
    [["-", "x"], [], ["-", "x"]],
    [["-p"], ["-p"], []],
  ])("splits %j", (words, options, command) => {
    expect(splitSshWords(words)).toEqual({ options, command });
  });

  it.each([["-f"], ["-Nf"], ["-l"], ["-lroot"], ["-vl"]])("fails with 64 for %s, which cannot work", (word) => {
    expect(() => splitSshWords([word, "x"])).toThrow(expect.objectContaining({ exitCode: 64 }));
  });

  it("takes the letters of a value for no options", () => {
    expect(splitSshWords(["-ofl=1", "id"]).options).toEqual(["-ofl=1"]);
  });
});
