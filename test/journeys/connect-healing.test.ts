// An SSM Agent that is not connected, where nobody can be asked.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { systemClock } from "../../session-manager/clock.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { JOURNEY_LIMIT_MS, Journey, connectPolicyWithout, ownLines } from "./connect-journey.ts";

const NAME = "journey-healing";
const TEN_MINUTES_MS = 10 * 60_000;

describe("connect.ts and an SSM Agent that is not connected", () => {
  let sandbox: TestSandbox;
  let journey: Journey;
  let instanceId = "";
  /** Added to the sandbox's time, in ms. */
  let hurryMs = 0;
  beforeAll(async () => {
    const clock = { ...systemClock, now: () => systemClock.now() + hurryMs };
    sandbox = await openTestSandbox({ clock, bootMs: 3_000 });
    instanceId = await sandbox.cloneBastion(NAME);
  }, OPEN_LIMIT_MS);
  afterAll(async () => {
    hurryMs = 0; // the test's own client must not learn the hurried time
    await sandbox.close();
  }, OPEN_LIMIT_MS);
  beforeEach(() => {
    hurryMs = 0;
    sandbox.endpoint.nodes.offlineUntilReboot.clear();
    journey = new Journey(sandbox);
  });
  afterEach(async () => {
    try {
      await journey.expectNothingLeft();
    } finally {
      journey.leave();
    }
  });

  it(
    "waits for an instance that has just been launched, and goes on",
    async () => {
      const id = await sandbox.launchBastion("journey-young");
      const outcome = await journey.connect(["journey-young", "--", "exit", "5"]);
      expect(outcome.status).toBe(5);
      expect(ownLines(outcome)).toEqual([
        `connect: "journey-young" (${id}) has just been launched; waiting for its SSM Agent, at most 5 min`,
      ]);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "reboots when told to, waits with progress, and goes on",
    async () => {
      sandbox.endpoint.nodes.offlineUntilReboot.add(instanceId);
      hurryMs = TEN_MINUTES_MS;
      const outcome = await journey.connect([NAME, "--reboot", "--", "exit", "7"]);
      expect(outcome.status).toBe(7);
      expect(ownLines(outcome)).toEqual([
        `connect: rebooted "${NAME}" (${instanceId}); waiting for its SSM Agent, at most 6 min`,
      ]);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "reboots once when two commands heal at once",
    async () => {
      sandbox.endpoint.nodes.offlineUntilReboot.add(instanceId);
      hurryMs = TEN_MINUTES_MS;
      const reboots = countReboots(sandbox, instanceId);
      const outcomes = await Promise.all(
        [1, 2].map((number) => journey.connect([NAME, "--reboot", "--", `exit ${number}`])),
      );
      expect(outcomes.map(({ status }) => status)).toEqual([1, 2]);
      expect(reboots()).toBe(1);
      const told = outcomes.flatMap(ownLines).map((line) => line.replace(/; waiting.*/, ""));
      expect(told.sort()).toEqual([
        `connect: another command is rebooting "${NAME}" (${instanceId})`,
        `connect: rebooted "${NAME}" (${instanceId})`,
      ]);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "fails with 69 and the sessions of others, and reboots nothing, without --force",
    async () => {
      const credentials = await sandbox.createUser("somebody-else", connectPolicyWithout());
      hurryMs = TEN_MINUTES_MS; // from the start: an instance that another test rebooted then has not come up before
      const other = journey.start([NAME, "--", "echo here >&2; sleep 60"], { credentials });
      await other.stderrMatches(/here/);
      sandbox.endpoint.nodes.offlineUntilReboot.add(instanceId);
      const refused = await journey.connect([NAME, "--reboot", "--", "true"]);
      expect(refused.status).toBe(69);
      expect(ownLines(refused)[0]).toContain("is not connected, and another session is active on it");
      expect(ownLines(refused)[1]).toContain("hint:   arn:aws:iam::123456789012:user/somebody-else  since ");
      const forced = await journey.connect([NAME, "--reboot", "--force", "--", "exit 4"]);
      expect(forced.status).toBe(4);
      expect(await other.outcome).toMatchObject({ status: 255 });
    },
    JOURNEY_LIMIT_MS,
  );

  it.each([
    ["--no-reboot is set", ["--no-reboot"], "a reboot is what mends it most often: --reboot"],
    ["nobody can be asked", [], "reboot it (account 123456789012, eu-central-1) with --reboot"],
  ])(
    "fails with 69, never asks, and reboots nothing when %s",
    async (reason, flags, hint) => {
      sandbox.endpoint.nodes.offlineUntilReboot.add(instanceId);
      hurryMs = TEN_MINUTES_MS;
      const outcome = await journey.connect([NAME, ...flags, "--", "true"]);
      expect(outcome.status).toBe(69);
      expect(ownLines(outcome)).toEqual([
        `connect: error: cannot start session: the SSM Agent of "${NAME}" (${instanceId}) is not connected, and ${reason}`,
        `connect: hint: ${hint}`,
        `connect: hint: which link to it is broken: ./scripts/doctor.ts ${NAME}`,
      ]);
      expect(sandbox.endpoint.nodes.offlineUntilReboot.has(instanceId)).toBe(true);
    },
    JOURNEY_LIMIT_MS,
  );
});

/** How often the instance has been rebooted from now on. */
function countReboots(sandbox: TestSandbox, instanceId: string): () => number {
  const started = jest.spyOn(sandbox.endpoint.nodes, "started");
  return () => started.mock.calls.filter(([id]) => id === instanceId).length;
}
