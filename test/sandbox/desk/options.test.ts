import { describe, expect, it } from "@jest/globals";
import { parseOptions } from "../../../sandbox/desk/options.ts";

describe("parseOptions()", () => {
  it("opens a shell on the built-in SSH server when nothing is said", () => {
    expect(parseOptions([])).toEqual({
      help: false,
      database: false,
      command: undefined,
      sshServer: "ssh2",
      paced: false,
      port: 0,
      directory: undefined,
    });
  });

  it("takes --database, but not with a real sshd, which knows no name of the sandbox's", () => {
    expect(parseOptions(["--database"])).toMatchObject({ database: true });
    expect(() => parseOptions(["--database", "--sshd"])).toThrow(/do not go together/);
  });

  it("takes a command for --exec as one word, dashes and all", () => {
    expect(parseOptions(["--exec", "ls -la"])).toMatchObject({ command: "ls -la" });
    expect(parseOptions(["--exec=-x"])).toMatchObject({ command: "-x" });
  });

  it.each([[["--exec"]], [["--unknown"]], [["shell"]], [["--port", "65536"]], [["--port", "-1"]], [["--port", "ssh"]]])(
    "fails with Usage (64) for %j",
    (given) => {
      expect(() => parseOptions(given)).toThrow(
        expect.objectContaining({ exitCode: 64, hint: "npm run sandbox -- --help" }),
      );
    },
  );
});
