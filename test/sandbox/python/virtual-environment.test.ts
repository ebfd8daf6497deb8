// Virtual environments: made once, whole or not at all. The Python is a script of the test's own, so no network is asked.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { provideVirtualEnvironment } from "../../../sandbox/python/virtual-environment.ts";
import { systemClock as clock } from "../../../session-manager/clock.ts";

const ORIGINAL_PATH = process.env["PATH"] ?? "";
/** Has the options of Python's that are used, counts what pip installs, and fails to if there is a file "offline". */
const FAKE_PYTHON = `#!/bin/sh
case "$1 $2" in
  "-I -c") echo "3.12.0 fake" ;;
  "-m venv") mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  "-m pip")
    if [ -e offline ]; then echo "cannot reach the index" >&2; exit 1; fi
    echo once >> installed ;;
esac
`;
let directory: string;
let requirementsPath: string;

beforeEach(() => {
  directory = mkdtempSync(join(realpathSync(tmpdir()), "venv-"));
  requirementsPath = join(directory, "requirements.txt");
  writeFileSync(requirementsPath, "thing==1.2\n");
  mkdirSync(join(directory, "bin"));
  writeFileSync(join(directory, "bin", "python3"), FAKE_PYTHON);
  chmodSync(join(directory, "bin", "python3"), 0o755);
  process.env["PATH"] = `${join(directory, "bin")}:${ORIGINAL_PATH}`;
});

afterEach(() => {
  process.env["PATH"] = ORIGINAL_PATH;
  rmSync(directory, { recursive: true });
});

function provide(): Promise<string> {
  return provideVirtualEnvironment({ name: "thing", directory, requirementsPath, clock });
}

function installations(): number {
  return readFileSync(join(directory, "installed"), "utf8").trim().split("\n").length;
}

function environments(): string[] {
  return readdirSync(directory).filter((name) => name.startsWith("thing-") && !name.endsWith(".log"));
}

describe("provideVirtualEnvironment()", () => {
  it("names the environment after the package's version and installs it once", async () => {
    const python = await provide();
    expect(dirname(python)).toMatch(/\/thing-1\.2-[0-9a-f]{12}\/bin$/);
    expect(existsSync(python)).toBe(true);
    expect(await provide()).toBe(python);
    expect(installations()).toBe(1);
  });

  it("makes another for other requirements", async () => {
    const first = await provide();
    writeFileSync(requirementsPath, "thing==1.2\nother==3\n");
    expect(await provide()).not.toBe(first);
    expect(installations()).toBe(2);
  });

  it("fails with pip's own words, and leaves nothing that could be taken for whole", async () => {
    writeFileSync(join(directory, "offline"), "");
    await expect(provide()).rejects.toMatchObject({
      hint: expect.stringContaining("cannot reach the index") as unknown,
      exitCode: 69,
    });
    expect(environments()).toEqual([]);
    rmSync(join(directory, "offline"));
    await expect(provide()).resolves.toBeDefined();
  });

  it("takes away what a killed start has left, and nothing of one that lives", async () => {
    mkdirSync(join(directory, "thing-draft-999999999"));
    mkdirSync(join(directory, `thing-draft-${process.ppid}`));
    await provide();
    expect(environments().filter((name) => name.includes("draft"))).toEqual([`thing-draft-${process.ppid}`]);
  });

  it("fails with the reason when it is called off", async () => {
    const signal = AbortSignal.abort(new Error("Ctrl-C"));
    const options = { name: "thing", directory, requirementsPath, clock, signal };
    await expect(provideVirtualEnvironment(options)).rejects.toThrow();
    expect(environments()).toEqual([]);
  });
});
