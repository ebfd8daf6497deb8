// `npm run fuzz`: a million inputs for the decoders, timed and weighed, and thousands of schedules of faults.
//
// npm run fuzz -- [--seed SEED] [--inputs COUNT] [--schedules COUNT] [--only INDEX]
// Prints how often each branch of the decoders was reached. The same seed plays the same inputs and schedules again.
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { muxSchedule, playMuxSchedule } from "../schedules/play-mux-schedule.ts";
import { playStreamSchedule, streamSchedule } from "../schedules/play-stream-schedule.ts";
import { branchOf, expectedBranches, fuzz, fuzzInput, FuzzFailure } from "./fuzz.ts";
import type { FuzzStory } from "./fuzz.ts";

const BATCH = 1000;

/** Processor time that a batch may take; if it is more, its inputs are timed one by one. */
const BATCH_LIMIT_MS = 2000;

/** Processor time that an input may take; the slowest, 30,000 brackets in 60 kB, take 10 to 20 ms. */
const INPUT_LIMIT_MS = 100;

/** What the heap may grow by between a tenth of the run and its end. */
const GROWTH_LIMIT_BYTES = 4 * 1024 * 1024;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function usedBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The quickest of three: a computer that does something else meanwhile is no fault of the decoder's. */
function durationOf(seed: number, index: number): number {
  const input = fuzzInput(seed, index);
  const durations = [1, 2, 3].map(() => {
    const start = processorMs();
    branchOf(input);
    return processorMs() - start;
  });
  return Math.min(...durations);
}

function findSlow(seed: number, from: number): void {
  for (let index = from; index < from + BATCH; index += 1) {
    const durationMs = durationOf(seed, index);
    if (durationMs > INPUT_LIMIT_MS)
      throw new FuzzFailure(fuzzInput(seed, index), `took ${durationMs.toFixed(0)} ms, more than ${INPUT_LIMIT_MS},`);
  }
}

function add(sum: FuzzStory, part: FuzzStory): void {
  for (const [branch, count] of part.branches) sum.branches.set(branch, (sum.branches.get(branch) ?? 0) + count);
  for (const [kind, count] of part.kinds) sum.kinds.set(kind, (sum.kinds.get(kind) ?? 0) + count);
}

/** @throws FuzzFailure; Error when memory grew or a branch was not reached */
function run(seed: number, inputs: number): void {
  const sum: FuzzStory = { branches: new Map(), kinds: new Map() };
  const warmUp = Math.ceil(inputs / 10 / BATCH) * BATCH;
  let bytesAfterWarmUp = 0;
  for (let from = 0; from < inputs; from += BATCH) {
    const start = processorMs();
    add(sum, fuzz(seed, from, from + BATCH));
    if (processorMs() - start > BATCH_LIMIT_MS) findSlow(seed, from);
    if (from + BATCH === warmUp) bytesAfterWarmUp = usedBytes();
  }
  const growth = usedBytes() - bytesAfterWarmUp;
  tell(sum, inputs, growth);
  if (growth > GROWTH_LIMIT_BYTES) throw new Error(`memory grew by ${growth} bytes`);
  const missing = expectedBranches.filter((branch) => !sum.branches.has(branch));
  const unknown = [...sum.branches.keys()].filter((branch) => !expectedBranches.includes(branch));
  if (missing.length + unknown.length > 0)
    throw new Error(`branches not reached: ${missing.join(", ")}; not expected: ${unknown.join(", ")}`);
}

function tell({ branches, kinds }: FuzzStory, inputs: number, growth: number): void {
  for (const [branch, count] of [...branches].sort()) say(`${String(count).padStart(9)}  ${branch}`);
  const shares = [...kinds].map(([kind, count]) => `${((100 * count) / inputs).toFixed(1)} % ${kind}`);
  say(`${inputs} inputs: ${shares.join(", ")}; heap after collection ${(growth / 1024).toFixed(0)} KiB larger`);
}

/** @throws Error, with the schedule made as small as it goes, when one breaks a promise */
async function playSchedules(seed: number, numRuns: number): Promise<void> {
  const stream = fc.asyncProperty(streamSchedule, async (schedule) => {
    mustBeEmpty(await playStreamSchedule(schedule));
  });
  const mux = fc.asyncProperty(muxSchedule, async (schedule) => {
    mustBeEmpty(await playMuxSchedule(schedule));
  });
  await fc.assert(stream, { seed, numRuns });
  say(`${numRuns} schedules of a stream: every byte whole, in order, once, and every one ended`);
  await fc.assert(mux, { seed, numRuns });
  say(`${numRuns} schedules of multiplexed connections: the same, each under its ceiling`);
}

function mustBeEmpty(problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(problems.join("; "));
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: "string" },
      inputs: { type: "string", default: "1000000" },
      schedules: { type: "string", default: "3000" },
      only: { type: "string" },
    },
  });
  const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
  say(`seed ${seed}`);
  try {
    if (values.only !== undefined) {
      say(branchOf(fuzzInput(seed, Number(values.only))));
      return 0;
    }
    run(seed, Math.ceil(Number(values.inputs) / BATCH) * BATCH);
    await playSchedules(seed, Number(values.schedules));
    return 0;
  } catch (error) {
    process.stderr.write(`fuzz: error: ${(error as Error).message}\n`);
    return 1;
  }
}

void main().then((status) => (process.exitCode = status));
