// The probe for peers that are gone without a close.
import { beforeEach, describe, expect, it } from "@jest/globals";
import { Liveness } from "../../../session-manager/data-channel/liveness.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

let clock: FakeClock;
let told: string[];
let liveness: Liveness;
let start: number;

beforeEach(() => {
  clock = new FakeClock();
  start = clock.now();
  told = [];
  const tell = (what: string) => (): void => {
    told.push(`${what} at ${(clock.now() - start) / 1000} s`);
  };
  liveness = new Liveness({ clock, ping: tell("ping"), onDead: tell("dead") });
});

describe("Liveness", () => {
  it("pings every 30 s while something comes back", async () => {
    for (let second = 0; second < 80; second += 1) {
      await clock.advance(1000);
      liveness.heard();
    }
    expect(told).toEqual(["ping at 15 s", "ping at 45 s", "ping at 75 s"]);
  });

  it("finds a peer dead that is silent from the start, 15 s after the first ping", async () => {
    await clock.advance(120_000);
    expect(told).toEqual(["ping at 15 s", "dead at 30 s"]);
  });

  it("finds a peer dead at most 45 s after its last sign of life", async () => {
    await clock.advance(15_000);
    liveness.heard();
    await clock.advance(120_000);
    expect(told).toEqual(["ping at 15 s", "ping at 45 s", "dead at 60 s"]);
  });

  it("finds nobody dead while it is deaf", async () => {
    liveness.setDeaf(true);
    await clock.advance(300_000);
    expect(told.filter((line) => line.startsWith("dead"))).toEqual([]);
  });

  it("gives a peer a whole new chance when it hears again", async () => {
    liveness.setDeaf(true);
    await clock.advance(29_000);
    liveness.setDeaf(false);
    await clock.advance(30_000);
    expect(told).toEqual(["ping at 15 s", "ping at 45 s"]);
    await clock.advance(1000);
    expect(told.at(-1)).toBe("dead at 60 s");
  });

  it("leaves no timer when it is stopped", () => {
    liveness.stop();
    expect(clock.pending).toBe(0);
  });
});
