import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Claim } from "../../../sandbox/desk/claim.ts";

describe("Claim", () => {
  let directory = "";
  let path = "";
  let other: ChildProcess;
  const ended: number[] = [];
  const take = (pid = process.pid): Promise<Claim> => Claim.take(path, pid, (leader) => ended.push(leader));

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "claim-"));
    path = join(directory, "running.json");
    ended.length = 0;
    other = spawn(process.execPath, ["-e", "process.stdin.resume()"], { stdio: ["pipe", "ignore", "ignore"] });
    await once(other, "spawn");
  });
  afterEach(async () => {
    if (other.exitCode === null && other.signalCode === null) {
      other.kill("SIGKILL");
      await once(other, "exit");
    }
    rmSync(directory, { recursive: true });
  });

  async function killOther(): Promise<number> {
    const exit = once(other, "exit");
    other.kill("SIGKILL");
    await exit;
    return other.pid ?? 0;
  }

  it("fails with Unavailable (69) and the way to stop it while another sandbox runs", async () => {
    await take(other.pid);
    await expect(take()).rejects.toMatchObject({
      exitCode: 69,
      hint: expect.stringContaining(`kill ${other.pid ?? 0}`),
    });
  });

  it("takes over from one that was killed, and ends the groups that it left running", async () => {
    const killed = spawn(process.execPath, ["-e", "process.stdin.resume()"], { stdio: ["pipe", "ignore", "ignore"] });
    await once(killed, "spawn");
    const claim = await take(killed.pid);
    await claim.note(other.pid ?? 0);
    const exit = once(killed, "exit");
    killed.kill("SIGKILL");
    await exit;
    await take();
    expect(ended).toEqual([other.pid]);
  });

  it("ends nothing that has ended by itself", async () => {
    const first = await take(other.pid);
    await first.note(other.pid ?? 0);
    await killOther();
    await take();
    expect(ended).toEqual([]);
  });

  it("takes over from a record that was cut short", async () => {
    writeFileSync(path, `{"sandbox":{"pi`);
    await expect(take()).resolves.toBeInstanceOf(Claim);
  });

  it("leaves nothing when it is released", async () => {
    (await take()).release();
    expect(existsSync(path)).toBe(false);
  });
});
