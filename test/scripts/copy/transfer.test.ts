import { expect, it } from "@jest/globals";
import { Progress } from "../../../scripts/copy/transfer.ts";

it("Progress shows share, time left, bytes and rate, five times a second at most", () => {
  let nowMs = 1_000_000;
  const shown: (string | undefined)[] = [];
  const clock = { now: () => nowMs, schedule: () => () => undefined };
  const silent = (): void => undefined;
  const reporter = { say: silent, warn: silent, debug: silent, progress: (text?: string) => void shown.push(text) };
  const progress = new Progress("dump.sql", 40_000_000, { clock, reporter });
  nowMs += 2_000;
  progress.add(10_000_000);
  nowMs += 100;
  progress.add(1_000_000);
  nowMs += 1_900;
  progress.add(9_000_000);
  progress.end();
  expect(shown).toEqual([
    "dump.sql: 25%, 6 s left, 9.5 MiB at 5.0 MB/s",
    "dump.sql: 50%, 4 s left, 19.1 MiB at 5.0 MB/s",
    undefined,
  ]);
});
