// What is done about an SSM Agent that is not connected.
import { describe, expect, it } from "@jest/globals";
import { type RebootPolicy, startSessionHealing } from "../../../scripts/bastion/heal-connection.ts";
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
}

function heal(world: World) {
  const clock = new FakeClock();
  const startMs = clock.now();
  let connectedFromMs = startMs + (world.connectsAfterMs ?? Infinity);
  const story: string[] = [];
  const controller = new AbortController();
  const isConnected = () => clock.now() >= connectedFromMs;
  const aws = {
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
    say: () => undefined,
    wait: (text: string) => {
      story.push(`wait ${text}`);
      return () => story.push("stop waiting");
    },
  };
  const instance = instanceOf({ ageMs: world.launchedBeforeMs ?? 60 * MINUTE_MS });
  const result = startSessionHealing(
    { instance, session, rebootPolicy: world.rebootPolicy ?? "ask" },
    { aws, clock, signal: controller.signal, reporter, terminal },
  );
  const outcome = result.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  return { clock, story, outcome, controller };
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
    await clock.advance(4 * MINUTE_MS + 2_000);
    expect(story.at(-2)).toMatch(/^reboot/);
    await clock.advance(92_000);
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
    await clock.advance(92_000);
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
    await clock.advance(6 * MINUTE_MS + 2_000);
    await expect(outcome).resolves.toMatchObject({ error: { exitCode: 69 } });
    expect(clock.pending).toBe(0);
  });

  it("ends its wait with the signal", async () => {
    const { outcome, controller, clock, story } = heal({ rebootPolicy: "always" });
    await clock.advance(1_000);
    controller.abort(new RangeError("ended"));
    await expect(outcome).resolves.toMatchObject({ error: { message: "ended" } });
    expect([clock.pending, story.at(-1)]).toEqual([0, "stop waiting"]);
  });
});
