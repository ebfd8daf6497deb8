// moto as a process: it is the sandbox's alone, and goes when the sandbox goes, however that may be.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { startMotoServer } from "../../sandbox/moto/moto.ts";
import { systemClock as clock } from "../../session-manager/clock.ts";
import { startTestMoto } from "../harness/moto.ts";

const project = join(import.meta.dirname, "..", "..");
const region = "eu-central-1";
let directory: string;

jest.setTimeout(60_000); // for a computer that does much else

beforeEach(() => {
  directory = mkdtempSync(join(realpathSync(tmpdir()), "moto-process-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function isAlive(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
}

async function gone(processId: number): Promise<void> {
  while (isAlive(processId)) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("moto's server", () => {
  it("ends when it is closed", async () => {
    const moto = await startTestMoto();
    await moto.close();
    expect(isAlive(moto.server.processId)).toBe(false);
  });

  it("refuses whoever does not know the secret", async () => {
    const moto = await startTestMoto();
    const answers = await Promise.all([
      fetch(moto.server.url),
      fetch(moto.server.url, { headers: { "x-sandbox-secret": "guessed", "x-sandbox-access-key": "AKIA" } }),
    ]);
    await moto.close();
    expect(answers.map(({ status }) => status)).toEqual([403, 403]);
  });

  it("ends when the sandbox is killed", async () => {
    const program = [join(project, "scripts", "launcher.mjs"), "test/harness/shared-sandbox.ts"];
    const sandbox = spawn(process.execPath, program, { cwd: project, stdio: ["pipe", "pipe", "ignore"] });
    const [line] = (await once(createInterface({ input: sandbox.stdout }), "line")) as [string];
    const { processId, directory: left } = JSON.parse(line) as { processId: number; directory: string };
    expect(isAlive(processId)).toBe(true);
    sandbox.kill("SIGKILL");
    await gone(processId);
    expect(isAlive(processId)).toBe(false);
    rmSync(left, { recursive: true });
  });

  it("fails with the end of its log when it cannot start", async () => {
    const program = join(directory, "broken.py");
    writeFileSync(program, "raise SystemExit('no moto today')\n");
    const start = startMotoServer({ python: "python3", program, directory, region, clock });
    await expect(start).rejects.toMatchObject({
      name: "UserError",
      hint: expect.stringContaining("no moto today") as unknown,
      exitCode: 69,
    });
  });

  it("is stopped when its start is called off", async () => {
    const program = join(directory, "silent.py");
    writeFileSync(program, "import sys\nsys.stdin.read()\n");
    const cancel = new AbortController();
    const start = startMotoServer({ python: "python3", program, directory, region, clock, signal: cancel.signal });
    cancel.abort(new Error("Ctrl-C"));
    await expect(start).rejects.toThrow("Ctrl-C");
  });
});
