// A directory for one run, and the sweep of those whose run was killed.
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processStartMark } from "../../../scripts/platform/process-start.ts";
import { WorkDirectory, sweepWorkDirectories } from "../../../scripts/platform/work-directory.ts";

const session = { sessionId: "ann-0123", region: "eu-west-1", profile: "work" };

describe("work directories", () => {
  const userId = process.getuid?.();
  let runtime = "";
  beforeEach(() => {
    runtime = mkdtempSync(join(tmpdir(), "runtime-"));
  });
  afterEach(() => {
    rmSync(runtime, { recursive: true, force: true });
  });

  /** The pid of a process that has ended. */
  const deadPid = (): number => spawnSync("true").pid;
  const sweep = () => sweepWorkDirectories(runtime, process.platform);

  it("is closed to others, and gone after remove(), however often that is called", () => {
    const work = new WorkDirectory(runtime, { pid: process.pid, userId });
    expect(statSync(work.path).mode & 0o777).toBe(0o700);
    work.remove();
    work.remove();
    expect(existsSync(work.path)).toBe(false);
  });

  it("takes the place it stood in with it, unless another one stands there", () => {
    const [first, second] = [1, 2].map((pid) => new WorkDirectory(runtime, { pid, userId }));
    first?.remove();
    expect(existsSync(runtime)).toBe(true);
    second?.remove();
    expect(existsSync(runtime)).toBe(false);
  });

  it("fails with 73 in a directory that belongs to another user", () => {
    const other = { pid: 1, userId: (userId ?? 0) + 1 };
    expect(() => new WorkDirectory(runtime, other)).toThrow(expect.objectContaining({ exitCode: 73 }));
  });

  it("keeps what it records closed to others", () => {
    const work = new WorkDirectory(runtime, { pid: process.pid, userId });
    work.recordSession(session);
    expect(statSync(join(work.path, "session.json")).mode & 0o777).toBe(0o600);
  });

  it("fails with 73 when the socket's path is longer than macOS takes", () => {
    const deep = join(runtime, "d".repeat(100));
    mkdirSync(deep);
    const work = new WorkDirectory(deep, { pid: 1, userId });
    expect(() => work.socketPath).toThrow(expect.objectContaining({ exitCode: 73 }));
  });

  it("is swept when its process is gone, and its session comes back", async () => {
    const work = new WorkDirectory(runtime, { pid: deadPid(), userId });
    work.recordOwner("123");
    work.recordSession(session);
    await expect(sweep()).resolves.toEqual([session]);
    expect(existsSync(work.path)).toBe(false);
  });

  it("is swept when its pid belongs to a later process", async () => {
    const work = new WorkDirectory(runtime, { pid: process.pid, userId });
    work.recordOwner("begun long ago");
    await sweep();
    expect(existsSync(work.path)).toBe(false);
  });

  it("is kept while its process runs", async () => {
    const work = new WorkDirectory(runtime, { pid: process.pid, userId });
    work.recordOwner(await processStartMark(process.pid, process.platform));
    await sweep();
    expect(existsSync(work.path)).toBe(true);
  });

  it("is kept when its process has not yet said when it began", async () => {
    const work = new WorkDirectory(runtime, { pid: process.pid, userId });
    await sweep();
    expect(existsSync(work.path)).toBe(true);
  });

  it("is swept with a record that was half written", async () => {
    const work = new WorkDirectory(runtime, { pid: deadPid(), userId });
    writeFileSync(join(work.path, "session.json"), '{"sessionId":');
    await expect(sweep()).resolves.toEqual([]);
    expect(existsSync(work.path)).toBe(false);
  });

  it("leaves alone what has another name", async () => {
    mkdirSync(join(runtime, "notes"));
    await sweep();
    expect(readdirSync(runtime)).toEqual(["notes"]);
  });

  it("finds nothing where no command has run yet", async () => {
    await expect(sweepWorkDirectories(join(runtime, "none"), process.platform)).resolves.toEqual([]);
  });
});

describe("processStartMark()", () => {
  it.each([process.platform, "darwin" as const])("is the same twice for one process, as on %s", async (platform) => {
    const mark = await processStartMark(process.pid, platform);
    expect(mark).toMatch(/\d/);
    await expect(processStartMark(process.pid, platform)).resolves.toBe(mark);
  });

  it.each([process.platform, "darwin" as const])(
    "is undefined for a process that has ended, as on %s",
    async (platform) => {
      await expect(processStartMark(spawnSync("true").pid, platform)).resolves.toBeUndefined();
    },
  );
});
