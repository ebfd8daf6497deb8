// What is done about an SSM Agent that is not connected.
import { describe, expect, it } from "@jest/globals";
import { type RebootPolicy, startSessionHealing } from "../../../scripts/bastion/heal-connection.ts";
import type { InstanceState } from "../../../scripts/command/aws-ports.ts";
import { TargetNotConnectedError } from "../../../scripts/errors/target-not-connected-error.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { instanceOf } from "./instance-of.ts";

const MINUTE_MS = 60_000;
const started = { sessionId: "ann-1", streamUrl: "wss://x", tokenValue: "secret" };
const session = { instanceId: "i-0123456789abcdef0", documentName: "AWS-StartSSHSession", parameters: {} };

interface World {
  /** When the agent connects, in ms after the start; by a reboot it connects 90 s later. */
  readonly connectsAfterMs?: number;
  readonly rebootHelps?: boolean;
  readonly launchedBeforeMs?: number;
  readonly rebootPolicy?: RebootPolicy;
  /** What the person answers; undefined where nobody is. */
  readonly answer?: boolean;
  /** Where the instance is before anybody does anything. */
  readonly state?: InstanceState;
  /** Owners of the sessions on the instance; undefined where nobody may look. */
  readonly sessionsOf?: readonly string[] | undefined;
  readonly force?: boolean;
  /** Tags of the instance. */
  readonly tags?: Record<string, string>;
}

const ME = "arn:aws:iam::123456789012:user/ada";

function heal(world: World) {
  const clock = new FakeClock();
  const startMs = clock.now();
  let connectedFromMs = startMs + (world.connectsAfterMs ?? Infinity);
  const story: string[] = [];
  const controller = new AbortController();
  const isConnected = () => clock.now() >= connectedFromMs;
  const tags: Record<string, string> = { ...world.tags };
  let state = world.state ?? "running";
  const aws = {
    ...lookingAfter(),
    region: "eu-west-1",
    startSession: () =>
      isConnected()
        ? Promise.resolve(started)
        : Promise.reject(new TargetNotConnectedError("not connected", { hint: "", exitCode: 69 })),
    connectionStatus: () => Promise.resolve(isConnected() ? ("connected" as const) : ("notconnected" as const)),
    rebootInstance: (instanceId: string) => {
      story.push(`reboot ${instanceId}`);
      if (world.rebootHelps ?? true) connectedFromMs = clock.now() + 90_000;
      return Promise.resolve();
    },
  };
  /** The ports by which an instance is started, and a reboot is agreed upon. */
  function lookingAfter() {
    return {
      startInstance: (instanceId: string) => {
        story.push(`start ${instanceId}`);
        state = "running";
        connectedFromMs = clock.now() + 60_000;
        return Promise.resolve();
      },
      findInstanceById: () => Promise.resolve(instanceOf({ state, ageMs: 1_000 })),
      callerArn: () => Promise.resolve(ME),
      activeSessions: () =>
        "sessionsOf" in world && world.sessionsOf === undefined
          ? Promise.reject(new RangeError("denied"))
          : Promise.resolve((world.sessionsOf ?? []).map((owner) => ({ sessionId: "x-1", owner, startMs: 0 }))),
      readTags: () => Promise.resolve({ ...tags }),
      addTag: (_id: string, tag: string, value: string) => Promise.resolve(void (tags[tag] = value)),
      removeTag: (_id: string, tag: string) => {
        // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- tags come and go
        delete tags[tag];
        return Promise.resolve();
      },
    };
  }
  const { answer } = world;
  const terminal =
    answer === undefined
      ? undefined
      : {
          confirm: (question: string) => {
            story.push(`ask ${question}`);
            return Promise.resolve(answer);
          },
        };
  const reporter = {
    debug: () => undefined,
    say: (text: string) => {
      if (text.startsWith("whether")) story.push(`say ${text}`);
    },
    wait: (text: string) => {
      story.push(`wait ${text}`);
      return () => story.push("stop waiting");
    },
  };
  const instance = instanceOf({ state, ageMs: world.launchedBeforeMs ?? 60 * MINUTE_MS });
  const result = startSessionHealing(
    { instance, session, rebootPolicy: world.rebootPolicy ?? "ask", force: world.force ?? false },
    { aws, clock, signal: controller.signal, reporter, terminal },
  );
  const outcome = result.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  return { clock, story, outcome, controller, tags };
}

describe("startSessionHealing()", () => {
  it("starts the session, asks nobody and waits for nothing, when the agent is connected", async () => {
    const { outcome, story } = heal({ connectsAfterMs: 0 });
    await expect(outcome).resolves.toEqual({ value: started });
    expect(story).toEqual([]);
  });

  it("waits for the agent of an instance that has just been launched", async () => {
    const { outcome, story, clock } = heal({ launchedBeforeMs: MINUTE_MS, connectsAfterMs: 30_000 });
    await clock.advance(31_000);
    await expect(outcome).resolves.toEqual({ value: started });
    expect(story).toEqual([
      'wait "bastion" (i-0123456789abcdef0) has just been launched; waiting for its SSM Agent, at most 4 min',
      "stop waiting",
    ]);
    expect(clock.pending).toBe(0);
  });

  it("asks about a reboot once a young instance is no longer young", async () => {
    const { outcome, story, clock } = heal({ launchedBeforeMs: MINUTE_MS, answer: true });
    await clock.advance(4 * MINUTE_MS + 6_000);
    expect(story.at(-2)).toMatch(/^reboot/);
    await clock.advance(96_000);
    await expect(outcome).resolves.toEqual({ value: started });
  });

  it("names instance, account and Region in its question", async () => {
    const { outcome, story } = heal({ answer: false });
    await outcome;
    expect(story).toEqual([
      'ask reboot "bastion" (i-0123456789abcdef0) in account 123456789012, eu-west-1? what runs on it ends.',
    ]);
  });

  it("reboots without a question when told to, and goes on when the agent is connected", async () => {
    const { outcome, story, clock } = heal({ rebootPolicy: "always" });
    await clock.advance(96_000);
    await expect(outcome).resolves.toEqual({ value: started });
    expect(story).toEqual([
      "reboot i-0123456789abcdef0",
      'wait rebooted "bastion" (i-0123456789abcdef0); waiting for its SSM Agent, at most 6 min',
      "stop waiting",
    ]);
  });

  it.each<[string, World, string]>([
    ["the person says no", { answer: false }, "it was not to be rebooted"],
    ["--no-reboot is set", { rebootPolicy: "never", answer: true }, "--no-reboot is set"],
    ["nobody can be asked", {}, "nobody can be asked"],
  ])("fails with 69, and reboots nothing, when %s", async (_when, world, reason) => {
    const { outcome, story } = heal(world);
    await expect(outcome).resolves.toMatchObject({
      error: {
        exitCode: 69,
        message: `cannot start session: the SSM Agent of "bastion" (i-0123456789abcdef0) is not connected, and ${reason}`,
      },
    });
    expect(story.filter((event) => event.startsWith("reboot"))).toEqual([]);
  });

  it("fails with 69 when the agent is not back within 6 minutes", async () => {
    const { outcome, clock } = heal({ rebootPolicy: "always", rebootHelps: false });
    await clock.advance(6 * MINUTE_MS + 6_000);
    await expect(outcome).resolves.toMatchObject({ error: { exitCode: 69 } });
    expect(clock.pending).toBe(0);
  });

  it("ends its wait with the signal", async () => {
    const { outcome, controller, clock, story } = heal({ rebootPolicy: "always" });
    await clock.advance(4_000);
    controller.abort(new RangeError("ended"));
    await expect(outcome).resolves.toMatchObject({ error: { message: "ended" } });
    expect([clock.pending, story.at(-1)]).toEqual([0, "stop waiting"]);
  });

  describe("a stopped instance", () => {
    it("is started when the person says so, waited for, and gone on with", async () => {
      const { outcome, story, clock } = heal({ state: "stopped", answer: true });
      await clock.advance(70_000);
      await expect(outcome).resolves.toEqual({ value: started });
      expect(story.slice(0, 4)).toEqual([
        'ask "bastion" (i-0123456789abcdef0) is stopped. start it in account 123456789012, eu-west-1?',
        'wait starting "bastion" (i-0123456789abcdef0), at most 5 min',
        "start i-0123456789abcdef0",
        "stop waiting",
      ]);
      expect(clock.pending).toBe(0);
    });

    it.each<[string, World, string]>([
      ["nobody can be asked", {}, "is stopped"],
      ["the person says no", { answer: false }, "is stopped, and it was not to be started"],
    ])("fails with 69 and the command that starts it when %s", async (_when, world, met) => {
      const { outcome } = heal({ state: "stopped", ...world });
      await expect(outcome).resolves.toMatchObject({
        error: {
          exitCode: 69,
          message: `cannot connect to "bastion": instance "i-0123456789abcdef0" ${met}`,
          hint: "aws ec2 start-instances --region eu-west-1 --instance-ids i-0123456789abcdef0",
        },
      });
    });
  });

  describe("other people on the instance", () => {
    const others = ["arn:aws:iam::123456789012:user/\u001b[2Jbob"];

    it("fails with 69 and their sessions, asks nobody and reboots nothing", async () => {
      const { outcome, story } = heal({ rebootPolicy: "always", sessionsOf: [ME, ...others], answer: true });
      await expect(outcome).resolves.toMatchObject({
        error: {
          exitCode: 69,
          message: expect.stringContaining("is not connected, and another session is active on it"),
          hint: expect.stringMatching(/^ {2}arn:aws:iam::123456789012:user\/\\u001b\[2Jbob {2}since 1970-.*--force$/s),
        },
      });
      expect(story).toEqual([]);
    });

    it("reboots all the same when forced to", async () => {
      const { story, clock } = heal({ rebootPolicy: "always", sessionsOf: others, force: true });
      await clock.advance(4_000);
      expect(story[0]).toBe("reboot i-0123456789abcdef0");
    });

    it("does not count one's own sessions", async () => {
      const { story, clock } = heal({ rebootPolicy: "always", sessionsOf: [ME] });
      await clock.advance(4_000);
      expect(story[0]).toBe("reboot i-0123456789abcdef0");
    });

    it("says so where nobody may look, and goes on", async () => {
      const { story, clock } = heal({ rebootPolicy: "always", sessionsOf: undefined });
      await clock.advance(4_000);
      expect(story.slice(0, 2)).toEqual([
        "say whether others have sessions on i-0123456789abcdef0 cannot be seen: it takes ssm:DescribeSessions",
        "reboot i-0123456789abcdef0",
      ]);
    });
  });

  it("does not reboot what another command is rebooting, but waits for it", async () => {
    const tags = { "isolated-bastion:healing:00": String(1_700_000_000_000 + MINUTE_MS) };
    const { outcome, story, clock } = heal({ rebootPolicy: "always", connectsAfterMs: 30_000, tags });
    await clock.advance(40_000);
    await expect(outcome).resolves.toEqual({ value: started });
    expect(story).toEqual([
      'wait another command is rebooting "bastion" (i-0123456789abcdef0); waiting for its SSM Agent, at most 6 min',
      "stop waiting",
    ]);
  });
});
