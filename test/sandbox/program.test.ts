// Programs that take long: their log, their end, and ours.
import { mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { runProgram, type ProgramOptions } from "../../sandbox/program.ts";
import { systemClock as clock } from "../../session-manager/clock.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(realpathSync(tmpdir()), "program-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function shell(script: string, change: Partial<ProgramOptions> = {}): Promise<void> {
  return runProgram({
    program: "sh",
    programArguments: ["-c", script],
    workingDirectory: directory,
    environment: { PATH: process.env["PATH"] ?? "" },
    logPath: join(directory, "logs", "program.log"),
    clock,
    ...change,
  });
}

describe("runProgram()", () => {
  it("keeps what the program says in a log that is private", async () => {
    await shell("echo to stdout; echo to stderr >&2");
    const path = join(directory, "logs", "program.log");
    expect(readFileSync(path, "utf8").split("\n").sort()).toEqual(["", "to stderr", "to stdout"]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("tells each line", async () => {
    const lines: string[] = [];
    await shell("echo one; echo two", { onLine: (line) => lines.push(line) });
    expect(lines).toEqual(["one", "two"]);
  });

  it("fails with the last lines and the path of the log when the program fails", async () => {
    const failing = shell("for n in $(seq 1 30); do echo line $n; done; exit 3");
    await expect(failing).rejects.toMatchObject({
      message: `cannot run "sh -c": it ended with status 3`,
      hint: expect.stringMatching(/^line 11\n[^]*line 30\n.*program\.log$/) as unknown,
      exitCode: 69,
    });
  });

  it("fails when there is no such program", async () => {
    await expect(shell("", { program: "no-such-program" })).rejects.toMatchObject({ exitCode: 69 });
  });

  it("ends the program and all it started when it is called off, and fails with the reason", async () => {
    const cancel = new AbortController();
    const script = `require("node:child_process").spawn("sleep", ["600"], { stdio: "inherit" })
      .on("spawn", () => console.log("started"))`;
    // The sleep holds the output open: until it has ended too, nothing would settle.
    const running = shell("", {
      program: process.execPath,
      programArguments: ["-e", script],
      signal: cancel.signal,
      onLine: () => {
        cancel.abort(new Error("Ctrl-C"));
      },
    });
    await expect(running).rejects.toThrow("Ctrl-C");
  });

  it("does not start at all when it is called off before", async () => {
    const signal = AbortSignal.abort(new Error("Ctrl-C"));
    await expect(shell("exit 3", { signal })).rejects.toThrow("Ctrl-C");
  });
});
