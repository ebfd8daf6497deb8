import { describe, expect, it } from "@jest/globals";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { processStartMark } from "../../../scripts/platform/process-start.ts";

describe("processStartMark() as on win32", () => {
  it("is undefined where PowerShell does not tell", async () => {
    await expect(processStartMark(process.pid, "win32")).resolves.toBeUndefined();
  });
});

describe.each(["linux", "darwin"] as const)("processStartMark() as on %s", (platform) => {
  // ps answers everywhere, /proc on Linux only.
  const asked = platform === "linux" ? process.platform : platform;

  it("stays the same for a running process", async () => {
    const mark = await processStartMark(process.pid, asked);
    expect(mark).toMatch(/\d/);
    expect(await processStartMark(process.pid, asked)).toBe(mark);
  });

  it("is undefined for a process that has ended, even if nobody has asked how", async () => {
    // The shell becomes a sleep, which never asks about the child that has ended.
    const parent = spawn("sh", ["-c", "sh -c 'echo $$' & exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(line.toString());
    try {
      while ((await processStartMark(pid, asked)) !== undefined) await new Promise(setImmediate);
      expect(await processStartMark(parent.pid ?? 0, asked)).toMatch(/\d/);
    } finally {
      parent.kill("SIGKILL");
    }
  });

  it("is undefined for a pid that nobody has", async () => {
    expect(await processStartMark(2 ** 30, asked)).toBeUndefined();
  });
});
