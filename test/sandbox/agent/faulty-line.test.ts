import { describe, expect, it } from "@jest/globals";
import { FaultyLine } from "../../../sandbox/agent/faulty-line.ts";
import { noMessageFaults, type MessageFaults } from "../../../sandbox/faults.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { acknowledgement, handshakeResponse, written } from "./hand-written-wire.ts";

interface Passed {
  readonly clock: FakeClock;
  readonly line: FaultyLine;
  readonly delivered: Buffer[];
}

function lineWith(change: Partial<MessageFaults>, seed = 1): Passed {
  const [clock, delivered] = [new FakeClock(), [] as Buffer[]];
  const faults = { ...noMessageFaults(), ...change };
  const deliver = (message: Buffer): number => delivered.push(message);
  return { clock, delivered, line: new FaultyLine({ clock, faults: () => faults, seed: () => seed, deliver }) };
}

const message = (number: number): Buffer => written({ number, payload: Buffer.from(`message ${number}`) });
const numbers = (messages: readonly Buffer[]): number[] => messages.map((bytes) => Number(bytes.readBigInt64BE(48)));
const twenty = Array.from({ length: 20 }, (_, number) => number);

describe("FaultyLine", () => {
  it("passes everything in order when there are no faults", () => {
    const { line, delivered } = lineWith({});
    for (const number of twenty) line.pass(message(number));
    expect(numbers(delivered)).toEqual(twenty);
  });

  it("drops about the share that it is told, and the same ones with the same seed", () => {
    const runs = [1, 1, 2].map((seed) => {
      const { line, delivered } = lineWith({ drop: 0.3 }, seed);
      for (let number = 0; number < 1_000; number++) line.pass(message(number));
      return numbers(delivered);
    });
    expect(runs[0]).toEqual(runs[1]);
    expect(runs[0]).not.toEqual(runs[2]);
    expect(runs[0]?.length).toBeGreaterThan(650);
    expect(runs[0]?.length).toBeLessThan(750);
  });

  it("drops the same messages when another fault is switched on beside", () => {
    const [one, both] = [{ drop: 0.3 }, { drop: 0.3, duplicate: 0.5 }].map((faults) => {
      const { line, delivered } = lineWith(faults);
      for (const number of twenty) line.pass(message(number));
      return [...new Set(numbers(delivered))];
    });
    expect(one).toEqual(both);
  });

  it("duplicates", () => {
    const { line, delivered } = lineWith({ duplicate: 1 });
    for (const number of [0, 1]) line.pass(message(number));
    expect(numbers(delivered)).toEqual([0, 0, 1, 1]);
  });

  it("swaps a message with the next", () => {
    const { line, delivered } = lineWith({ reorder: 1 });
    for (const number of [0, 1, 2, 3]) line.pass(message(number));
    expect(numbers(delivered)).toEqual([1, 0, 3, 2]);
  });

  it("lets a message go after 50 ms that no other follows", async () => {
    const { line, delivered, clock } = lineWith({ reorder: 1 });
    line.pass(message(0));
    await clock.advance(49);
    expect(delivered).toEqual([]);
    await clock.advance(1);
    expect(numbers(delivered)).toEqual([0]);
  });

  it("leaves handshake messages in their place", () => {
    const { line, delivered } = lineWith({ reorder: 1 });
    line.pass(handshakeResponse());
    expect(delivered).toHaveLength(1);
  });

  it("delays", async () => {
    const { line, delivered, clock } = lineWith({ delay: 1, delayMs: 300 });
    line.pass(message(0));
    await clock.advance(299);
    expect(delivered).toEqual([]);
    await clock.advance(1);
    expect(numbers(delivered)).toEqual([0]);
  });

  it("flips one bit of a copy", () => {
    const { line, delivered } = lineWith({ corrupt: 1 });
    const original = message(7);
    line.pass(original);
    const changed = delivered[0] ?? Buffer.alloc(0);
    const bits = [...original].map(
      (byte, index) => (byte ^ (changed[index] ?? 0)).toString(2).replaceAll("0", "").length,
    );
    expect(bits.reduce((sum, count) => sum + count, 0)).toBe(1);
    expect(original.subarray(120).toString()).toBe("message 7");
  });

  it("drops acknowledgements and nothing else", () => {
    const { line, delivered } = lineWith({ dropAcknowledgements: 1 });
    line.pass(acknowledgement({ id: "", number: 3 }));
    line.pass(message(4));
    expect(numbers(delivered)).toEqual([4]);
  });
});
