// Copying directories to and from the bastion over several sessions.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { JOURNEY_LIMIT_MS } from "./connect-journey.ts";
import { CopyJourney, MEBIBYTE, MODIFIED_SECONDS, expectSame, make, until } from "./copy-journey.ts";

const NAME = "journey-copy-trees";

let sandbox: TestSandbox;
let journey: CopyJourney;
/** The home directory on the bastion: it lies on this computer. */
let there: string;
let here: string;

beforeAll(async () => {
  sandbox = await openTestSandbox();
  const instanceId = await sandbox.cloneBastion(NAME);
  there = (await sandbox.endpoint.instances.login(instanceId)).home;
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
    for (const name of readdirSync(there)) rmSync(join(there, name), { recursive: true });
    journey.leave();
  }
});

const LARGE = "in side/large";
const ODD = ["-odd\nname", "a\\nb", "$(touch hacked)", "grüße", "bell\u0007", "%s *?"];
const NOT_UTF8 = Buffer.from([0xff, 0xfe, 0x20, 0x80]);

/** Large and small files, odd names, a name that is not UTF-8, a link, an empty directory; modes and times of their own. */
function makeTree(parent: string, name = "tree"): string {
  const root = join(parent, name);
  mkdirSync(join(root, "in side"), { recursive: true });
  mkdirSync(join(root, "empty"));
  make(root, LARGE, randomBytes(3 * MEBIBYTE + 5));
  for (const odd of ODD) make(join(root, "in side"), odd, `content of ${odd}`);
  for (let index = 0; index < 40; index++) make(root, `small ${index}`, randomBytes(1_000 * index));
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), NOT_UTF8]), randomBytes(MEBIBYTE));
  symlinkSync("in side/large", join(root, "link"));
  symlinkSync("/nowhere/at all", join(root, "broken link"));
  linkSync(join(root, "small 3"), join(root, "small 3 again"));
  chmodSync(join(root, "in side"), 0o750);
  chmodSync(join(root, "empty"), 0o555);
  for (const directory of ["in side", "empty", "."])
    utimesSync(join(root, directory), MODIFIED_SECONDS, MODIFIED_SECONDS);
  return root;
}

/** What a person sees of a directory: known hosts lie in one that begins with a dot. */
function names(directory: string): string[] {
  return readdirSync(directory).filter((name) => !name.startsWith("."));
}

/** What diff(1) and stat(1) say of two directories: nothing, and the same. */
function expectSameTree(copy: string, original: string): void {
  const difference = spawnSync("diff", ["-r", "--no-dereference", original, copy], { encoding: "utf8" });
  expect([difference.status, difference.stdout]).toEqual([0, ""]);
  const states = (root: string): string =>
    spawnSync("find", [".", "-not", "-type", "l", "-printf", "%p %m %Ts\\n"], { cwd: root, encoding: "latin1" }).stdout;
  expect(states(copy).split("\n").sort()).toEqual(states(original).split("\n").sort());
}

describe("copy.ts -r", () => {
  it(
    "copies over several sessions: contents, modes, times, links and odd names, both ways",
    async () => {
      const original = makeTree(there);
      const [down] = await journey.copied("-r", "--sessions", "4", `${NAME}:tree`, "kept");
      expectSameTree(join(here, "kept"), original);
      expect(readlinkSync(join(here, "kept", "broken link"))).toBe("/nowhere/at all");
      expect(down).toMatchObject({ sessions: 4, keptBytes: 0 });
      const [up] = await journey.copied("-r", "--sessions", "4", "kept", `${NAME}:returned`);
      expectSameTree(join(there, "returned"), original);
      expect(up).toMatchObject({ sessions: 4, keptBytes: 0, bytes: down?.bytes, sha256: down?.sha256 });
      expect([...readdirSync(here), ...readdirSync(there)].filter((name) => name.includes("partial"))).toEqual([]);
      expect([existsSync(join(there, "hacked")), existsSync(join(here, "hacked"))]).toEqual([false, false]);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "tells one SHA-256 of all, as sha256sum makes it",
    async () => {
      makeTree(there);
      const [answer] = await journey.copied("-r", `${NAME}:tree`, ".");
      const script = "find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum";
      const { stdout } = spawnSync("sh", ["-c", script], { cwd: join(here, "tree"), encoding: "utf8" });
      expect(stdout).toContain(answer?.sha256 ?? "no digest");
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "puts what has changed into a directory that is there, and keeps the rest",
    async () => {
      for (const [from, to, words] of [
        [there, here, [`${NAME}:tree`, "."]],
        [here, there, ["tree", `${NAME}:`]],
      ] as const) {
        rmSync(join(to, "tree"), { recursive: true, force: true });
        const original = existsSync(join(from, "tree")) ? join(from, "tree") : makeTree(from);
        await journey.copied("-r", ...words);
        make(join(to, "tree"), "own", "stays");
        truncateSync(join(to, "tree", LARGE), MEBIBYTE);
        const change = `changed on the way ${words[1]}`;
        make(original, "small 7", change);
        const [answer] = await journey.copied("-r", ...words);
        expectSame(join(to, "tree", LARGE), join(original, LARGE));
        expect(readFileSync(join(to, "tree", "small 7"), "utf8")).toBe(change);
        expect(readFileSync(join(to, "tree", "own"), "utf8")).toBe("stays");
        expect(answer).toMatchObject({ keptBytes: (answer?.bytes ?? 0) - 3 * MEBIBYTE - 5 - change.length });
        rmSync(join(to, "tree", "own"));
        utimesSync(join(to, "tree"), MODIFIED_SECONDS, MODIFIED_SECONDS);
        expectSameTree(join(to, "tree"), original);
      }
    },
    JOURNEY_LIMIT_MS,
  );

  it.each(["down", "up"])(
    "interrupted on the way %s, leaves nothing that looks whole, and goes on from there",
    async (way) => {
      sandbox.endpoint.faults.outputIntervalMs = way === "down" ? 1 : 0;
      const [from, to] = way === "down" ? [there, here] : [here, there];
      const original = join(from, "tree");
      mkdirSync(original);
      for (let index = 0; index < 6; index++) make(original, `small ${index}`, randomBytes(500_000));
      const size = (way === "down" ? 6 : 24) * MEBIBYTE; // only what comes down is paced
      make(original, "large", randomBytes(size));
      const words = ["-r", "--sessions", "3", ...(way === "down" ? [`${NAME}:tree`, "."] : ["tree", `${NAME}:`])];
      const running = journey.startCopy(...words);
      const large = join(to, "tree.partial", way === "down" ? "tree/large" : "large");
      await until(() => existsSync(large) && statSync(large).blocks * 512 > size / 2, running);
      running.child.kill("SIGINT");
      await expect(running.outcome).resolves.toMatchObject({ status: 130 });
      expect(names(to)).toEqual(["tree.partial"]);
      sandbox.endpoint.faults.outputIntervalMs = 0;
      rmSync(join(original, "small 0")); // what the source has no more must not come
      const [answer] = await journey.copied(...words);
      expect(answer?.keptBytes).toBeGreaterThan(0);
      expectSameTree(join(to, "tree"), original);
      expect(names(to)).toEqual(["tree"]);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "leaves pipes out, and says so",
    async () => {
      mkdirSync(join(there, "tree"));
      spawnSync("mkfifo", [join(there, "tree", "pipe")]);
      make(join(there, "tree"), "file", "content");
      const { status, stderr } = await journey.copy("-r", `${NAME}:tree`, ".");
      expect(status).toBe(0);
      expect(stderr).toContain('copy: warning: left out "tree/pipe": a device, a pipe or a socket\n');
      expect(readdirSync(join(here, "tree"))).toEqual(["file"]);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "follows no link that stands where a directory is to come",
    async () => {
      mkdirSync(join(there, "tree", "sub"), { recursive: true });
      make(join(there, "tree", "sub"), "file", "content");
      mkdirSync(join(here, "tree"));
      mkdirSync(join(here, "elsewhere"));
      symlinkSync("../elsewhere", join(here, "tree", "sub"));
      const { status, stderr } = await journey.copy("-r", `${NAME}:tree`, ".");
      expect(status).toBe(73);
      expect(stderr).toContain('"./sub" in it is no directory');
      expect(readdirSync(join(here, "elsewhere"))).toEqual([]);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "ends with 75, and puts nothing in place, when a file in it changes while it is copied",
    async () => {
      sandbox.endpoint.faults.outputIntervalMs = 1;
      mkdirSync(join(there, "tree"));
      make(join(there, "tree"), "first", "1");
      const moving = make(join(there, "tree"), "moving", randomBytes(3 * MEBIBYTE));
      const running = journey.startCopy("-r", "--sessions", "2", `${NAME}:tree`, ".");
      const copy = join(here, "tree.partial", "tree", "moving");
      await until(() => existsSync(copy) && statSync(copy).blocks * 512 > MEBIBYTE, running);
      writeFileSync(moving, randomBytes(3 * MEBIBYTE));
      const { status, stderr } = await running.outcome;
      expect(status).toBe(75);
      expect(stderr).toContain('copy: error: cannot copy "tree/moving": it has changed while it was copied\n');
      expect(existsSync(join(here, "tree"))).toBe(false);
    },
    JOURNEY_LIMIT_MS,
  );

  it.each([
    [[`${NAME}:tree`, "."], "tree"],
    [["tree", `${NAME}:`], "tree"],
  ])(
    "refuses %j where a file has that name",
    async (words, name) => {
      mkdirSync(join(here, "tree"));
      mkdirSync(join(there, "tree"));
      const taken = words[0] === name ? there : here;
      rmSync(join(taken, name), { recursive: true });
      make(taken, name, "a file");
      const { status, stderr } = await journey.copy("-r", ...words);
      expect(status).toBe(73);
      expect(stderr).toMatch(/cannot write ".*tree": what is there is a file/);
      expect(readFileSync(join(taken, name), "utf8")).toBe("a file");
    },
    JOURNEY_LIMIT_MS,
  );
});
