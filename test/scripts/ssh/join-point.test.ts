// Where the ProxyCommand meets this process.
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type JoinPoint, openJoinPoint } from "../../../scripts/ssh/join-point.ts";

describe("openJoinPoint()", () => {
  let directory = "";
  let joinPoint: JoinPoint;
  const started: ChildProcessWithoutNullStreams[] = [];
  beforeEach(async () => {
    directory = join(mkdtempSync(join(tmpdir(), "join-")), `it's a "100%h" place`);
    mkdirSync(directory);
    joinPoint = await openJoinPoint(directory, process);
  });
  afterEach(async () => {
    joinPoint.close();
    for (const child of started.splice(0)) {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, "close");
    }
    rmSync(join(directory, ".."), { recursive: true });
  });

  /** Runs the ProxyCommand as ssh would, with pipes for stdin and stdout. */
  function startSsh(): ChildProcessWithoutNullStreams {
    const child = spawn("/bin/sh", ["-c", `exec ${joinPoint.proxyCommand}`], { stdio: ["pipe", "pipe", "pipe"] });
    started.push(child);
    return child;
  }

  it("makes pipes that only their user may open", () => {
    for (const name of ["to-ssh", "from-ssh"]) {
      const status = statSync(join(directory, name));
      expect([status.isFIFO(), status.mode & 0o777]).toEqual([true, 0o600]);
    }
  });

  it("carries bytes both ways, whole, also those that came before ssh did", async () => {
    const content = "x".repeat(1_000_000);
    joinPoint.toSsh.end(content);
    const ssh = startSsh();
    ssh.stdin.end(content);
    const [received, sent] = await Promise.all([text(ssh.stdout), text(joinPoint.fromSsh)]);
    expect([received === content, sent === content]).toEqual([true, true]);
    await expect(once(ssh, "close")).resolves.toEqual([0, null]);
  });

  it("says that ssh is gone, though ssh was killed", async () => {
    const ssh = startSsh();
    ssh.stdin.write("SSH-2.0-test\r\n");
    await once(joinPoint.fromSsh.resume(), "data");
    ssh.kill("SIGKILL");
    await once(joinPoint.fromSsh, "end");
    expect(joinPoint.fromSsh.readableEnded).toBe(true);
  });

  it("does not take ssh for gone before it has come", async () => {
    let hasEnded = false;
    joinPoint.fromSsh.once("end", () => (hasEnded = true));
    joinPoint.fromSsh.resume();
    const ssh = startSsh();
    await once(ssh, "spawn");
    await new Promise((resolve) => setImmediate(resolve));
    expect(hasEnded).toBe(false);
    ssh.stdin.end("late");
    await once(joinPoint.fromSsh, "end");
  });

  it("ends what ssh reads when it closes", async () => {
    const ssh = startSsh();
    ssh.stdin.write("SSH-2.0-test\r\n");
    await once(joinPoint.fromSsh, "readable");
    joinPoint.close();
    await expect(text(ssh.stdout)).resolves.toBe("");
  });

  it("lets ssh end when this process was killed before ssh came", async () => {
    joinPoint.close(); // as the end of a process does; the pipes stay where they are
    const ssh = startSsh();
    await expect(text(ssh.stdout)).resolves.toBe("");
    ssh.stdin.end("SSH-2.0-test\r\n");
    await once(ssh, "close");
  });

  it("fails where it cannot make the pipes", async () => {
    await expect(openJoinPoint(join(directory, "none"), process)).rejects.toThrow(/mkfifo/);
  });
});
