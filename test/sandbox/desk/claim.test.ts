import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Claim } from "../../../sandbox/desk/claim.ts";

describe("Claim", () => {
  let directory = "";
  let path = "";
  let other: ChildProcess;
  const ended: number[] = [];
  const claims: Claim[] = [];
  const take = async (pid = process.pid): Promise<Claim> => {
    const claim = await Claim.take(path, pid, (leader) => ended.push(leader));
    claims.push(claim);
    return claim;
  };

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
    for (const claim of claims.splice(0)) claim.release();
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
    const next = await take();
    expect(ended).toEqual([other.pid]);
    expect(existsSync(claim.temporaryDirectory)).toBe(false);
    next.release();
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
    const claim = await take();
    expect(statSync(claim.temporaryDirectory).mode & 0o777).toBe(0o700);
    claim.release();
    expect([path, claim.temporaryDirectory].filter((left) => existsSync(left))).toEqual([]);
  });
});
