// What Windows is asked for, argument by argument; and the joiner, which runs anywhere.
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import {
  closeToOthers,
  openPipeToSsh,
  openSshProgram,
  quoteOnWindows,
  startMarkWords,
} from "../../../scripts/platform/windows.ts";

describe("openSshProgram()", () => {
  it("is a plain name where PATH is all there is", () => {
    expect(openSshProgram("ssh", "linux")).toBe("ssh");
    expect(openSshProgram("sftp", "darwin")).toBe("sftp");
  });

  it.each([
    ["the newer one, if both are there", () => true, "C:\\Program Files\\OpenSSH\\ssh.exe"],
    ["Windows' own", (path: unknown) => String(path).includes("System32"), "C:\\Windows\\System32\\OpenSSH\\ssh.exe"],
    ["where Windows' own would be, if there is none", () => false, "C:\\Windows\\System32\\OpenSSH\\ssh.exe"],
  ])("is a whole path on Windows: %s", (_name, exists, path) => {
    expect(openSshProgram("ssh", "win32", exists)).toBe(path);
  });
});

describe("closeToOthers()", () => {
  function askedFor(kind: "file" | "folder"): unknown[] {
    const asked: unknown[] = [];
    closeToOthers("C:\\Users\\Ann Lee\\x", kind, (program, words) => {
      asked.push([program, ...words]);
      return program.endsWith("whoami.exe") ? '"pc\\ann lee","S-1-5-21-7-8-9-1001"\r\n' : "";
    });
    return asked;
  }
  const whoami = ["C:\\Windows\\System32\\whoami.exe", "/user", "/fo", "csv", "/nh"];
  const icacls = ["C:\\Windows\\System32\\icacls.exe", "C:\\Users\\Ann Lee\\x", "/inheritance:r", "/grant:r"];

  it("grants a folder, with all that will be in it, to the user by number, and nothing to anybody else", () => {
    expect(askedFor("folder")).toEqual([whoami, [...icacls, "*S-1-5-21-7-8-9-1001:(OI)(CI)F"]]);
  });

  it("grants a file to the user", () => {
    expect(askedFor("file")).toEqual([whoami, [...icacls, "*S-1-5-21-7-8-9-1001:F"]]);
  });

  it("fails, and changes nothing, when it does not learn who the user is", () => {
    const asked: string[] = [];
    const close = (): void => {
      closeToOthers("C:\\x", "file", (program) => {
        asked.push(program);
        return "ERROR: Access is denied.";
      });
    };
    expect(close).toThrow(/whoami/);
    expect(asked).toEqual([whoami[0]]);
  });
});

describe("startMarkWords()", () => {
  it("asks for the start of the process as a number, whatever the language", () => {
    expect(startMarkWords(4321)).toEqual([
      "-NoLogo",
      "-NoProfile",
      "-NonInteractive",
      "-Command",
      "(Get-Process -Id 4321 -ErrorAction Stop).StartTime.ToFileTimeUtc()",
    ]);
  });
});

describe("quoteOnWindows()", () => {
  // From Microsoft's "Parsing C command-line arguments".
  it.each([
    ["plain", "plain"],
    ["C:\\nodejs\\node.exe", "C:\\nodejs\\node.exe"],
    ["", '""'],
    ["a b c", '"a b c"'],
    ['ab"c', '"ab\\"c"'],
    ['a\\"b', '"a\\\\\\"b"'],
    ["C:\\Program Files\\", '"C:\\Program Files\\\\"'],
    ["a\\\\b c", '"a\\\\b c"'],
  ])("writes %j as %s", (word, written) => {
    expect(quoteOnWindows(word)).toBe(written);
  });
});

describe("openPipeToSsh()", () => {
  let directory = "";
  let path = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "pipe-"));
    path = join(directory, "pipe");
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  /** Runs the ProxyCommand; sh and Windows read these words alike. */
  function startJoiner(proxyCommand: string) {
    return spawn("/bin/sh", ["-c", `exec ${proxyCommand}`], { stdio: ["pipe", "pipe", "inherit"] });
  }

  it("takes a name on Windows that nobody can guess, and has node join it", async () => {
    const [one, other] = await Promise.all([openPipeToSsh("node"), openPipeToSsh("node")]);
    const [, first] = /^node -e "[^"%]+" (\\\\\.\\pipe\\isolated-bastion-[0-9a-f]{32})$/.exec(one.proxyCommand) ?? [];
    expect(first).toBeDefined();
    expect(other.proxyCommand).not.toContain(first);
    one.close();
    other.close();
  });

  const content = "x".repeat(1_000_000);

  it("carries the session's bytes to ssh, whole, also those that came before it, and ends with them", async () => {
    const pipe = await openPipeToSsh(process.execPath, path);
    pipe.toSsh.end(content);
    const joiner = startJoiner(pipe.proxyCommand);
    const closed = once(joiner, "close");
    expect((await text(joiner.stdout)) === content).toBe(true);
    await expect(closed).resolves.toEqual([0, null]);
    pipe.close();
  });

  it("carries ssh's bytes to the session, whole, and tells when ssh has ended", async () => {
    const pipe = await openPipeToSsh(process.execPath, path);
    startJoiner(pipe.proxyCommand).stdin.end(content);
    expect((await text(pipe.fromSsh)) === content).toBe(true);
    pipe.close();
  });

  it("says that ssh is gone, though ssh was killed", async () => {
    const pipe = await openPipeToSsh(process.execPath, path);
    const joiner = startJoiner(pipe.proxyCommand);
    joiner.stdin.write("SSH-2.0-test\r\n");
    await once(pipe.fromSsh, "data");
    joiner.kill("SIGKILL");
    await once(pipe.fromSsh, "end");
    expect(pipe.fromSsh.readableEnded).toBe(true);
    pipe.close();
  });

  it("lets the joiner end when it closes, before ssh came or after", async () => {
    const pipe = await openPipeToSsh(process.execPath, path);
    const joiner = startJoiner(pipe.proxyCommand);
    joiner.stdin.write("SSH-2.0-test\r\n");
    await once(pipe.fromSsh, "readable");
    pipe.close();
    await once(joiner, "close");
    const late = startJoiner(pipe.proxyCommand);
    await expect(once(late, "close")).resolves.toEqual([1, null]);
  });

  it("takes the first that comes, and nobody after", async () => {
    const pipe = await openPipeToSsh(process.execPath, path);
    const first = connect(path);
    first.write("SSH-2.0-test\r\n");
    await once(pipe.fromSsh, "readable");
    const [error] = (await once(connect(path), "error")) as [NodeJS.ErrnoException];
    expect(["ENOENT", "ECONNREFUSED"]).toContain(error.code);
    first.destroy();
    pipe.close();
  });
});
