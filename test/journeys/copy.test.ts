// Copying files to and from the deployed bastion, as a person does it.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { CommandOptions, CommandOutcome, RunningCommand } from "../harness/run-command.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { JOURNEY_LIMIT_MS, Journey } from "./connect-journey.ts";

const NAME = "journey-copy";
const copyScript = join(import.meta.dirname, "..", "..", "scripts", "copy.ts");
const MEBIBYTE = 1024 * 1024;
const MODIFIED_SECONDS = 1_600_000_000;

interface Copied {
  readonly bytes: number;
  readonly keptBytes: number;
  readonly sessions: number;
  readonly isCompressed: boolean;
  readonly sha256: string;
}

let sandbox: TestSandbox;
let journey: Journey;
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
  journey = new Journey(sandbox);
  here = journey.person.home;
});

afterEach(async () => {
  sandbox.endpoint.faults.outputIntervalMs = 0;
  try {
    await journey.expectNothingLeft();
  } finally {
    journey.leave();
  }
});

function options(): CommandOptions {
  return { environment: journey.environment(), timeLimitMs: JOURNEY_LIMIT_MS };
}

function copy(...words: readonly string[]): Promise<CommandOutcome> {
  return journey.person.run(copyScript, words, options());
}

function start(...words: readonly string[]): RunningCommand {
  return journey.person.start(copyScript, words, options());
}

/** The answers of a copy that went well. */
async function copied(...words: readonly string[]): Promise<Copied[]> {
  const { status, stdout, stderr } = await copy("--json", ...words);
  expect([status, stderr.includes("error")]).toEqual([0, false]);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Copied);
}

function digestOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

/** A file with this content, of a mode and time of its own. */
function make(directory: string, name: string, content: Buffer | string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  chmodSync(path, 0o640);
  utimesSync(path, MODIFIED_SECONDS, MODIFIED_SECONDS);
  return path;
}

function expectSame(copy: string, original: string): void {
  expect(digestOf(copy)).toBe(digestOf(original));
  expect(statSync(copy)).toMatchObject({ mode: 0o100640, mtimeMs: MODIFIED_SECONDS * 1_000 });
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
      const { status, stderr } = await copy(`${NAME}:${name}`, "down");
      expect(status).toBe(0);
      // eslint-disable-next-line no-control-regex -- control characters are the very thing that is looked for
      expect(stderr).not.toMatch(/[\u0007\u001b]/);
      expectSame(join(here, "down"), original);
      make(here, name, "content");
      expect((await copy(`./${name}`, `${NAME}:up`)).status).toBe(0);
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
      const running = start("--sessions", "4", `${NAME}:slow`, ".");
      const partial = join(here, "slow");
      while (!existsSync(partial) || statSync(partial).blocks < 2048) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      running.child.kill("SIGINT");
      await expect(running.outcome).resolves.toMatchObject({ status: 130 });
      await journey.expectNothingLeft();
      sandbox.endpoint.faults.outputIntervalMs = 0;
      await copied("--sessions", "4", `${NAME}:slow`, ".");
      expectSame(partial, original);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "goes on with the other sessions when one of them is ended",
    async () => {
      sandbox.endpoint.faults.outputIntervalMs = 1;
      const original = make(there, "held", randomBytes(4 * MEBIBYTE));
      const running = start("--sessions", "3", `${NAME}:held`, ".");
      while (journey.openSessions().length < 3 || !existsSync(join(here, "held"))) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      sandbox.endpoint.sessions.end(journey.openSessions().at(-1) ?? "", "ended by an administrator");
      await expect(running.outcome).resolves.toMatchObject({ status: 0 });
      expectSame(join(here, "held"), original);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "ends with 75 when the file changes while it is copied",
    async () => {
      sandbox.endpoint.faults.outputIntervalMs = 1;
      const original = make(there, "moving", randomBytes(3 * MEBIBYTE));
      const running = start("--sessions", "2", `${NAME}:moving`, ".");
      while (!existsSync(join(here, "moving"))) await new Promise((resolve) => setTimeout(resolve, 20));
      writeFileSync(original, randomBytes(3 * MEBIBYTE));
      const { status, stderr } = await running.outcome;
      expect(status).toBe(75);
      expect(stderr).toContain('copy: error: cannot copy "moving": it has changed while it was copied\ncopy: hint: ');
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "ends with 73, and copies nothing, when the file does not fit on the instance's disk",
    async () => {
      writeFileSync(join(here, "huge"), "");
      truncateSync(join(here, "huge"), 4 * 1024 ** 4); // a hole
      const { status, stderr } = await copy("huge", `${NAME}:huge`);
      expect(status).toBe(73);
      expect(stderr).toMatch(
        /^copy: error: cannot write "huge" on the bastion: no space left on its disk, \d+ MiB are missing\n/m,
      );
      expect(existsSync(join(there, "huge"))).toBe(false);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "copies directories with -r: modes, times and links, both ways",
    async () => {
      const tree = join(there, "tree");
      mkdirSync(join(tree, "in side"), { recursive: true });
      make(tree, "file", "one");
      const inner = make(join(tree, "in side"), "-odd\nname", randomBytes(300_000));
      await copied("-r", `${NAME}:tree`, "kept");
      expectSame(join(here, "kept", "in side", "-odd\nname"), inner);
      await copied("-r", "kept", `${NAME}:returned`);
      expectSame(join(there, "returned", "in side", "-odd\nname"), inner);
      expect(readdirSync(join(there, "returned")).sort()).toEqual(["file", "in side"]);
      await copied("-r", "kept", `${NAME}:returned`); // into one that is there
      expect(existsSync(join(there, "returned", "kept", "file"))).toBe(true);
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
      const outcome = await copy(...words);
      expect(outcome.stderr).toContain(message);
      expect([outcome.status, outcome.stdout]).toEqual([status, ""]);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "ends with 73 when the directory on the bastion is not there",
    async () => {
      make(here, "file", "content");
      const { status, stderr } = await copy("file", `${NAME}:no/such/directory`);
      expect(status).toBe(73);
      expect(stderr).toContain('cannot write "no/such/directory" on the bastion');
    },
    JOURNEY_LIMIT_MS,
  );
});
