// Who of several reboots an instance.
import { describe, expect, it } from "@jest/globals";
import { HealingLease, LEASE_TAG_PREFIX } from "../../../scripts/bastion/healing-lease.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

const MINUTE_MS = 60_000;

function instance(given: Record<string, string> = {}) {
  const clock = new FakeClock();
  const tags = new Map(Object.entries(given));
  let isAllowed = true;
  const guarded = <T>(answer: () => T): Promise<T> =>
    isAllowed ? Promise.resolve(answer()) : Promise.reject(new RangeError("denied"));
  const aws = {
    readTags: () => guarded(() => Object.fromEntries(tags)),
    addTag: (_id: string, tag: string, value: string) => guarded(() => void tags.set(tag, value)),
    removeTag: (_id: string, tag: string) => guarded(() => void tags.delete(tag)),
  };
  const controller = new AbortController();
  const needs = { aws, clock, signal: controller.signal, reporter: { debug: () => undefined } };
  return {
    clock,
    tags,
    controller,
    forbid: () => (isAllowed = false),
    take: () => new HealingLease("i-0123456789abcdef0", needs).take(MINUTE_MS),
  };
}

describe("HealingLease", () => {
  it("is had by whoever comes alone, and stays as a tag until its time is over", async () => {
    const { take, clock, tags } = instance({ Name: "bastion" });
    const taking = take();
    await clock.advance(3_000);
    await expect(taking).resolves.toBe(true);
    expect([...tags.keys()]).toEqual(["Name", expect.stringMatching(`^${LEASE_TAG_PREFIX}[0-9a-f]{16}$`)]);
  });

  it("is had by one of many who come at once, and the others leave no tag", async () => {
    const { take, clock, tags } = instance();
    const taking = Promise.all(Array.from({ length: 8 }, take));
    await clock.advance(3_000);
    const lowest = [...tags.keys()].sort()[0];
    expect((await taking).filter((isOurs) => isOurs)).toHaveLength(1);
    expect([...tags.keys()]).toEqual([lowest]);
  });

  it("is not had by who comes later, be the token as low as it may", async () => {
    const { take, clock } = instance({ [`${LEASE_TAG_PREFIX}ffffffffffffffff`]: String(1_700_000_000_000 + 1_000) });
    await expect(take()).resolves.toBe(false);
    expect(clock.pending).toBe(0);
  });

  it.each(["1699999999999", "soon", ""])("is had in place of one that has expired: %j", async (until) => {
    const old = `${LEASE_TAG_PREFIX}00`;
    const { take, clock, tags } = instance({ [old]: until });
    const taking = take();
    await clock.advance(3_000);
    await expect(taking).resolves.toBe(true);
    expect(tags.has(old)).toBe(false);
  });

  it("is had by everybody where tags may not be written", async () => {
    const { take, forbid } = instance();
    forbid();
    await expect(take()).resolves.toBe(true);
  });

  it("is given back when the wait is ended by a signal", async () => {
    const { take, clock, tags, controller } = instance();
    const taking = take();
    taking.catch(() => undefined);
    await clock.advance(1_000);
    controller.abort(new RangeError("ended"));
    await expect(taking).rejects.toThrow("ended");
    expect(tags.size).toBe(0);
  });
});
