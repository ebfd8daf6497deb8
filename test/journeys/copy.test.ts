// Copying files to and from the deployed bastion, as a person does it.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { JOURNEY_LIMIT_MS } from "./connect-journey.ts";
import { type Copied, CopyJourney, MEBIBYTE, digestOf, expectSame, make, until } from "./copy-journey.ts";

const NAME = "journey-copy";

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
    journey.leave();
  }
});

function copied(...words: readonly string[]): Promise<Copied[]> {
  return journey.copied(...words);
}

describe("copy.ts", () => {
  it(
    "downloads over several sessions, and keeps mode and time",
    async () => {
      const original = make(there, "big", randomBytes(9 * MEBIBYTE + 7));
      const [answer] = await copied("--sessions", "4", `${NAME}:big`, ".");
      expectSame(join(here, "big"), original);
      expect(answer).toMatchObject({ bytes: 9 * MEBIBYTE + 7, keptBytes: 0, sessions: 4, isCompressed: false });
      expect(answer?.sha256).toBe(digestOf(original));
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "uploads over several sessions, and keeps mode and time",
    async () => {
      const original = make(here, "up", randomBytes(5 * MEBIBYTE + 3));
      const [answer] = await copied("--sessions", "3", "up", `${NAME}:arrived`);
      expectSame(join(there, "arrived"), original);
      expect(answer).toMatchObject({ bytes: 5 * MEBIBYTE + 3, sessions: 3, sha256: digestOf(original) });
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "compresses on the way what shrinks, both ways",
    async () => {
      const original = make(there, "log", "the same line again and again\n".repeat(60_000));
      await expect(copied("--sessions", "2", `${NAME}:log`, "log")).resolves.toMatchObject([{ isCompressed: true }]);
      expectSame(join(here, "log"), original);
      await expect(copied("--sessions", "2", "log", `${NAME}:back`)).resolves.toMatchObject([{ isCompressed: true }]);
      expectSame(join(there, "back"), original);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "copies an empty file, and several into a directory",
    async () => {
      mkdirSync(join(there, "inbox"));
      const originals = [make(here, "empty", ""), make(here, "one", "1")];
      await expect(copied("empty", "one", `${NAME}:inbox`)).resolves.toMatchObject([{ bytes: 0 }, { bytes: 1 }]);
      for (const [index, name] of ["empty", "one"].entries()) {
        expectSame(join(there, "inbox", name), originals[index] ?? "");
      }
    },
    JOURNEY_LIMIT_MS,
  );

  it.each([
    "two words",
    "-rf",
    "$(touch hacked)",
    "`touch hacked`",
    "it's; touch hacked #",
    'quote" and \\ backslash',
    "line\nbreak",
    "bell\u0007 and \u001b[2J",
    "*",
    "grüße",
  ])(
    "takes the name %j as it is, both ways, and shows it escaped",
    async (name) => {
      const original = make(there, name, "content");
      const { status, stderr } = await journey.copy(`${NAME}:${name}`, "down");
      expect(status).toBe(0);
      // eslint-disable-next-line no-control-regex -- control characters are the very thing that is looked for
      expect(stderr).not.toMatch(/[\u0007\u001b]/);
      expectSame(join(here, "down"), original);
      make(here, name, "content");
      expect((await journey.copy(`./${name}`, `${NAME}:up`)).status).toBe(0);
      expectSame(join(there, "up"), original);
      expect([existsSync(join(there, "hacked")), existsSync(join(here, "hacked"))]).toEqual([false, false]);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "keeps what is there already and the same: an interrupted copy goes on",
    async () => {
      const original = make(there, "resumed", randomBytes(8 * MEBIBYTE));
      const half = Buffer.concat([readFileSync(original).subarray(0, 5 * MEBIBYTE), Buffer.alloc(MEBIBYTE)]);
      writeFileSync(join(here, "resumed"), half);
      const [answer] = await copied("--sessions", "2", `${NAME}:resumed`, ".");
      expectSame(join(here, "resumed"), original);
      expect(answer?.keptBytes).toBe(4 * MEBIBYTE); // parts of 2 MiB: the third is half there
      await expect(copied(`${NAME}:resumed`, ".")).resolves.toMatchObject([{ keptBytes: 8 * MEBIBYTE }]);
      truncateSync(join(there, "resumed"), 6 * MEBIBYTE);
      await expect(copied("--sessions", "2", "resumed", `${NAME}:resumed`)).resolves.toMatchObject([
        { keptBytes: 6 * MEBIBYTE },
      ]);
      expectSame(join(there, "resumed"), join(here, "resumed"));
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "ends by Ctrl-C with 130, leaves nothing but what it has copied, and goes on from there",
    async () => {
      sandbox.endpoint.faults.outputIntervalMs = 1;
      const original = make(there, "slow", randomBytes(6 * MEBIBYTE));
      const running = journey.startCopy("--sessions", "4", `${NAME}:slow`, ".");
      const partial = join(here, "slow.partial");
      await until(() => existsSync(partial) && statSync(partial).blocks * 512 > 4 * MEBIBYTE, running);
      running.child.kill("SIGINT");
      await expect(running.outcome).resolves.toMatchObject({ status: 130 });
      await journey.expectNothingLeft();
      sandbox.endpoint.faults.outputIntervalMs = 0;
      expect(readdirSync(here)).not.toContain("slow"); // nothing that looks whole
      const [answer] = await copied("--sessions", "4", `${NAME}:slow`, ".");
      expect(answer?.keptBytes).toBeGreaterThan(0);
      expectSame(join(here, "slow"), original);
      expect(readdirSync(here)).not.toContain("slow.partial");
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "goes on with the other sessions when one of them is ended",
    async () => {
      sandbox.endpoint.faults.outputIntervalMs = 1;
      const original = make(there, "held", randomBytes(4 * MEBIBYTE));
      const running = journey.startCopy("--sessions", "3", `${NAME}:held`, ".");
      await until(() => journey.openSessions().length === 3 && existsSync(join(here, "held.partial")), running);
      sandbox.endpoint.sessions.end(journey.openSessions().at(-1) ?? "", "ended by an administrator");
      await expect(running.outcome).resolves.toMatchObject({ status: 0 });
      expectSame(join(here, "held"), original);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "ends with 73, and copies nothing, when the file does not fit on the instance's disk",
    async () => {
      writeFileSync(join(here, "huge"), "");
      truncateSync(join(here, "huge"), 4 * 1024 ** 4); // a hole
      const { status, stderr } = await journey.copy("huge", `${NAME}:huge`);
      expect(status).toBe(73);
      expect(stderr).toMatch(
        /^copy: error: cannot write "huge" on the bastion: no space left on its disk, \d+ MiB are missing\n/m,
      );
      expect(existsSync(join(there, "huge"))).toBe(false);
    },
    JOURNEY_LIMIT_MS,
  );

  it.each([
    [[`${NAME}:tree-is-not-there`, "."], 66, 'there is no "tree-is-not-there" on the bastion'],
    [["not-here", `${NAME}:`], 66, 'cannot read "not-here"'],
    [[`${NAME}:/`, "."], 64, 'cannot copy "/": it is a directory'],
    [[`${NAME}:/dev/null`, "."], 64, 'cannot copy "/dev/null": it is neither a file nor a directory'],
    [[`${NAME}:a`, `${NAME}:b`], 64, "cannot copy from one bastion to another"],
    [["a", "b"], 64, "cannot copy from here to here"],
    [[`${NAME}:a`], 64, "a source and a destination are needed"],
    [["--sessions", "0", `${NAME}:a`, "."], 64, 'cannot use "0" sessions'],
    [["no-such-bastion:a", "."], 66, "cannot find bastion"],
  ])(
    "refuses %j with %i",
    async (words, status, message) => {
      const outcome = await journey.copy(...words);
      expect(outcome.stderr).toContain(message);
      expect([outcome.status, outcome.stdout]).toEqual([status, ""]);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "ends with 73 when the directory on the bastion is not there",
    async () => {
      make(here, "file", "content");
      const { status, stderr } = await journey.copy("file", `${NAME}:no/such/directory`);
      expect(status).toBe(73);
      expect(stderr).toContain('cannot write "no/such/directory" on the bastion');
    },
    JOURNEY_LIMIT_MS,
  );
});
