// What goes wrong while files are copied: disks that are full, files that are written to, an instance with little memory.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { SmallDisk, canMountSmallDisk } from "../harness/small-disk.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { JOURNEY_LIMIT_MS } from "./connect-journey.ts";
import { CopyJourney, MEBIBYTE, expectSame, make, until } from "./copy-journey.ts";

const NAME = "journey-copy-faults";

let sandbox: TestSandbox;
let journey: CopyJourney;
/** The home directory on the bastion: it lies on this computer. */
let there: string;
let here: string;

beforeAll(async () => {
  sandbox = await openTestSandbox();
  there = await homeOf(NAME);
}, OPEN_LIMIT_MS);

afterAll(async () => {
  await sandbox.close();
  assert.deepEqual(sandbox.faultsMet, []);
});

beforeEach(() => {
  journey = new CopyJourney(sandbox);
  here = journey.here;
});

afterEach(async () => {
  sandbox.endpoint.faults.outputIntervalMs = 0;
  try {
    await journey.expectNothingLeft();
  } finally {
    journey.leave();
  }
});

async function homeOf(name: string): Promise<string> {
  return (await sandbox.endpoint.instances.login(await sandbox.cloneBastion(name))).home;
}

const describeOnSmallDisk = canMountSmallDisk() ? describe : describe.skip;

/** More than three parts have come, over three sessions, so that one is whole. */
function isBegun(partial: string): boolean {
  return existsSync(partial) && statSync(partial).blocks * 512 > 3 * 2 * MEBIBYTE;
}

describeOnSmallDisk("copy.ts, when a disk is full", () => {
  let disk: SmallDisk | undefined;
  afterEach(() => {
    disk?.takeAway();
    disk = undefined;
  });

  it.each(["down", "up"])(
    "in the middle of a file on the way %s, says so, leaves the old one, and goes on when there is room",
    async (way) => {
      const [from, to] = way === "down" ? [there, here] : [here, there];
      const original = make(from, `filling ${way}`, randomBytes(12 * MEBIBYTE));
      disk = new SmallDisk(join(to, "small disk"), 15);
      const copy = make(disk.directory, "file", "the old one");
      const words =
        way === "down" ? [`${NAME}:filling ${way}`, "small disk/file"] : [`filling ${way}`, `${NAME}:small disk/file`];
      sandbox.endpoint.faults.outputIntervalMs = way === "down" ? 1 : 0;
      const running = journey.startCopy("--sessions", "3", ...words);
      const partial = join(disk.directory, "file.partial");
      await until(() => isBegun(partial), running);
      // Somebody else takes what was free when the copy began.
      const other = join(disk.directory, "other");
      expect(() => {
        for (;;) writeFileSync(other, randomBytes(64 * 1024), { flag: "a" });
      }).toThrow("ENOSPC");
      const { status, stderr } = await running.outcome;
      const place = way === "down" ? join(disk.directory, "file") : "small disk/file";
      expect(stderr).toContain(`copy: error: cannot write "${place}`);
      expect(stderr).toContain("no space left on its disk, ");
      expect(stderr).toContain(", then run the command again: what has been copied is kept\n");
      expect(status).toBe(73);
      expect(readFileSync(copy, "utf8")).toBe("the old one");
      rmSync(other);
      sandbox.endpoint.faults.outputIntervalMs = 0;
      const [answer] = await journey.copied("--sessions", "3", ...words);
      expect(answer?.keptBytes).toBeGreaterThan(0);
      expectSame(copy, original);
      expect(readdirSync(disk.directory)).toEqual(["file"]);
    },
    JOURNEY_LIMIT_MS,
  );

  it.each(["down", "up"])(
    "in the middle of a directory on the way %s, says so, puts nothing in place, and goes on when there is room",
    async (way) => {
      const [from, to] = way === "down" ? [there, here] : [here, there];
      const original = join(from, `tree ${way}`);
      mkdirSync(original);
      for (let index = 0; index < 24; index++) make(original, `file ${index}`, randomBytes(MEBIBYTE / 4));
      disk = new SmallDisk(join(to, "small disk"), 16);
      const words =
        way === "down" ? [`${NAME}:tree ${way}`, "small disk/tree"] : [`tree ${way}`, `${NAME}:small disk/tree`];
      sandbox.endpoint.faults.outputIntervalMs = way === "down" ? 1 : 0;
      const running = journey.startCopy("-r", "--sessions", "2", "--no-compression", ...words);
      const staged = join(disk.directory, "tree.partial", ...(way === "down" ? ["tree"] : []));
      await until(() => existsSync(staged) && readdirSync(staged).length > 3, running);
      const other = join(disk.directory, "other");
      expect(() => {
        for (;;) writeFileSync(other, randomBytes(64 * 1024), { flag: "a" });
      }).toThrow("ENOSPC");
      const { status, stderr } = await running.outcome;
      expect(stderr).toMatch(/copy: error: cannot write ".*tree.*no space left on its disk, /);
      expect(status).toBe(73);
      expect(readdirSync(disk.directory).sort()).toEqual(["other", "tree.partial"]);
      rmSync(other);
      sandbox.endpoint.faults.outputIntervalMs = 0;
      const [answer] = await journey.copied("-r", "--sessions", "2", ...words);
      expect(answer?.keptBytes).toBeGreaterThan(0);
      for (const name of readdirSync(original)) expectSame(join(disk.directory, "tree", name), join(original, name));
      expect(readdirSync(disk.directory)).toEqual(["tree"]);
    },
    JOURNEY_LIMIT_MS,
  );

  it.each(["down", "up"])(
    "before a copy on the way %s, says how much is missing, and begins nothing",
    async (way) => {
      const [from, to] = way === "down" ? [there, here] : [here, there];
      make(from, "too large", randomBytes(3 * MEBIBYTE));
      disk = new SmallDisk(join(to, "small disk"), 1);
      const words = way === "down" ? [`${NAME}:too large`, "small disk"] : ["too large", `${NAME}:small disk`];
      const { status, stderr } = await journey.copy(...words);
      expect(stderr).toContain("no space left on its disk, 2 MiB are missing");
      expect(status).toBe(73);
      expect(readdirSync(disk.directory)).toEqual([]);
    },
    JOURNEY_LIMIT_MS,
  );
});

describe("copy.ts, when the file changes while it is copied", () => {
  it.each(["down", "up"])(
    "ends with 75 on the way %s, and puts nothing in place",
    async (way) => {
      sandbox.endpoint.faults.outputIntervalMs = 1;
      const [from, to] = way === "down" ? [there, here] : [here, there];
      const size = way === "down" ? 3 * MEBIBYTE : 48 * MEBIBYTE; // only what comes down is paced
      const original = make(from, `moving ${way}`, randomBytes(size));
      const words = way === "down" ? [`${NAME}:moving down`, "copy"] : ["moving up", `${NAME}:copy`];
      const running = journey.startCopy("--sessions", "2", ...words);
      const partial = join(to, "copy.partial");
      await until(() => existsSync(partial) && statSync(partial).blocks > 0, running);
      writeFileSync(original, randomBytes(size));
      const { status, stderr } = await running.outcome;
      expect(stderr).toMatch(
        /copy: error: cannot copy ".*moving (up|down)": it has changed while it was copied\ncopy: hint: /,
      );
      expect(status).toBe(75);
      expect(existsSync(join(to, "copy"))).toBe(false);
    },
    JOURNEY_LIMIT_MS,
  );
});

/** All that the manual says of an instance: sh, coreutils, findutils, awk, gzip, tar. `env` is there for each script. */
const PROGRAMS =
  "sh env cat chmod cp dd df dirname head mkdir mv readlink rm sha256sum stat tail touch truncate find xargs awk gzip tar";

describe("copy.ts, on a small instance", () => {
  const name = "journey-copy-nano";
  let home: string;
  /** Where its logins find programs. */
  let programs: string;
  beforeAll(async () => {
    // What its logins find: these programs and no other, and an awk that tells of little memory. 48 MiB of that are the
    // instance's own, and each further session takes 32.
    programs = mkdtempSync(join(tmpdir(), "programs-"));
    const usual = process.env["PATH"];
    for (const program of PROGRAMS.split(" ")) {
      const { stdout } = spawnSync("/bin/sh", ["-c", `command -v ${program}`], { encoding: "utf8" });
      symlinkSync(stdout.trim(), join(programs, program === "awk" ? "real-awk" : program));
    }
    const little = `case $1 in *MemAvailable*) echo ${(48 + 2 * 32) * 1024};; *) exec real-awk "$@";; esac`;
    writeFileSync(join(programs, "awk"), `#!/bin/sh\n${little}\n`, { mode: 0o755 });
    process.env["PATH"] = programs;
    home = await homeOf(name).finally(() => (process.env["PATH"] = usual));
  }, OPEN_LIMIT_MS);
  afterAll(() => {
    rmSync(programs, { recursive: true });
  });

  it(
    "opens no more sessions than there is memory for, says so, and authorizes one key for all",
    async () => {
      make(home, "file", randomBytes(3 * MEBIBYTE));
      const { status, stderr, stdout } = await journey.copy("--json", "--debug", `${name}:file`, ".");
      expect(status).toBe(0);
      expect(stderr).toContain("copy: the instance has memory for 3 sessions at once\n");
      expect(JSON.parse(stdout)).toMatchObject({ sessions: 3 });
      expect(stderr.match(/SendSSHPublicKey: answered/g)).toHaveLength(1);
      expect(stderr.match(/StartSession: answered/g)).toHaveLength(3);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "needs no other programs there than the manual names, whatever is copied",
    async () => {
      mkdirSync(join(here, "tree"));
      make(join(here, "tree"), "text", "the same line\n".repeat(10_000));
      make(join(here, "tree"), "large", randomBytes(MEBIBYTE));
      for (const words of [
        ["tree/text", `${name}:`], // new, compressed
        ["tree/large", `${name}:text`], // in place of another one
        ["-r", "tree", `${name}:`],
        ["-r", "tree", `${name}:`], // into one that is there
        [`${name}:text`, "back"],
        ["-r", `${name}:tree`, "tree back"],
      ]) {
        await journey.copied(...words);
      }
      expectSame(join(here, "back"), join(here, "tree", "large"));
      expectSame(join(here, "tree back", "text"), join(here, "tree", "text"));
    },
    JOURNEY_LIMIT_MS,
  );
});
