// The first contact with an instance.
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pinHostKey } from "../../../scripts/bastion/pin-host-key.ts";
import { KnownHosts } from "../../../scripts/ssh/known-hosts.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { instanceOf } from "./instance-of.ts";

const key = "AAAAC3NzaC1lZDI1NTE5AAAAIMdWTrZRN1+pL3BRHZMT+7aOT0L/Zd3oqJS+s0du6ZUL";
const other = "AAAAC3NzaC1lZDI1NTE5AAAAINdWTrZRN1+pL3BRHZMT+7aOT0L/Zd3oqJS+s0du6ZUL";
const printed = (...keys: readonly string[]): string =>
  `-----BEGIN SSH HOST KEY KEYS-----\n${keys.map((one) => `ssh-ed25519 ${one}\n`).join("")}-----END SSH HOST KEY KEYS-----\n`;
const instance = instanceOf();

describe("pinHostKey()", () => {
  let directory = "";
  let knownHosts: KnownHosts;
  let clock: FakeClock;
  let story: string[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "pin-"));
    knownHosts = new KnownHosts(join(directory, "known_hosts"));
    clock = new FakeClock();
    story = [];
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  function pin(consoleOutput: (moment: "now" | "start") => Promise<string>): Promise<void> {
    const reporter = { say: (text: string) => story.push(text), debug: () => undefined };
    const aws = { consoleOutput: (_id: string, moment: "now" | "start") => consoleOutput(moment) };
    return pinHostKey(instance, knownHosts, { aws, clock, reporter });
  }

  it("pins the key that the console shows, and has nothing to say", async () => {
    await pin(() => Promise.resolve(printed(key)));
    expect([knownHosts.keyOf(instance.instanceId), story, clock.pending]).toEqual([key, [], 0]);
  });

  it("asks for the output of the start where that of this moment has none, or is not to be had", async () => {
    await pin((moment) =>
      moment === "start" ? Promise.resolve(printed(key)) : Promise.reject(new RangeError("UnsupportedOperation")),
    );
    expect(knownHosts.keyOf(instance.instanceId)).toBe(key);
  });

  it("asks nobody when a key is known", async () => {
    knownHosts.add(instance.instanceId, other);
    await pin(() => Promise.reject(new RangeError("asked")));
    expect([knownHosts.keyOf(instance.instanceId), story]).toEqual([other, []]);
  });

  it.each<[string, () => Promise<string>]>([
    ["its console output has none", () => Promise.resolve("login: ")],
    ["its console output has several", () => Promise.resolve(printed(key, other))],
    ["its console output cannot be read", () => Promise.reject(new RangeError("denied"))],
  ])("pins nothing and says so when %s", async (why, consoleOutput) => {
    await pin(consoleOutput);
    expect(knownHosts.keyOf(instance.instanceId)).toBeUndefined();
    expect(story).toEqual([
      `the host key of ${instance.instanceId} cannot be known beforehand: ${why}; the one it shows is kept`,
    ]);
  });

  it("does not wait for longer than 5 s", async () => {
    const pinning = pin(() => new Promise(() => undefined));
    await clock.advance(5_000);
    await pinning;
    expect(story[0]).toContain("took too long");
  });
});
