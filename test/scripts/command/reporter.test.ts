// What is told on stderr, and where a spinner may turn.
import { describe, expect, it } from "@jest/globals";
import { StreamReporter } from "../../../scripts/command/reporter.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

function reporter(options: { isTTY?: boolean; quiet?: boolean; debug?: boolean } = {}) {
  const written: string[] = [];
  const clock = new FakeClock();
  const stream = { isTTY: options.isTTY ?? false, columns: 40, write: (text: string) => written.push(text) };
  const { quiet = false, debug = false } = options;
  return { clock, written, reporter: new StreamReporter({ program: "connect", stream, clock, quiet, debug }) };
}

describe("StreamReporter", () => {
  it("puts the program's name in front, and makes foreign text printable", () => {
    const { reporter: told, written } = reporter();
    told.say("found \u001b[2J");
    told.warn("late");
    expect(written).toEqual(["connect: found \\u001b[2J\n", "connect: warning: late\n"]);
  });

  it("tells warnings and nothing else when quiet", () => {
    const { reporter: told, written } = reporter({ quiet: true });
    told.say("found");
    told.wait("waiting")();
    told.warn("late");
    expect(written).toEqual(["connect: warning: late\n"]);
  });

  it("tells with --debug the milliseconds since the start", async () => {
    const { reporter: told, written, clock } = reporter({ debug: true });
    await clock.advance(12);
    told.debug("EC2 DescribeInstances");
    expect(written).toEqual(["connect: debug: 12 ms: EC2 DescribeInstances\n"]);
  });

  it("tells nothing of debugging without it", () => {
    const { reporter: told, written } = reporter();
    told.debug("EC2 DescribeInstances");
    expect(written).toEqual([]);
  });
});

describe("StreamReporter.wait()", () => {
  it("writes one line, and starts no clock, where there is no terminal", () => {
    const { reporter: told, written, clock } = reporter();
    const stop = told.wait("waiting");
    expect([written, clock.pending]).toEqual([["connect: waiting\n"], 0]);
    stop();
  });

  it("shows elapsed seconds in a terminal, and leaves neither line nor clock behind", async () => {
    const { reporter: told, written, clock } = reporter({ isTTY: true });
    const stop = told.wait("waiting");
    await clock.advance(2_000);
    expect(written.at(-1)).toBe("\r\u001b[K⠋ waiting 2 s");
    stop();
    expect([written.at(-1), clock.pending]).toEqual(["\r\u001b[K", 0]);
  });

  it("is no wider than the terminal", () => {
    const { reporter: told, written } = reporter({ isTTY: true });
    const stop = told.wait("w".repeat(100));
    stop();
    expect(written[0]?.replace("\r\u001b[K", "")).toHaveLength(39);
  });

  it("stays below lines that are told meanwhile", () => {
    const { reporter: told, written } = reporter({ isTTY: true });
    const stop = told.wait("waiting");
    told.say("rebooted");
    stop();
    expect(written[1]).toBe("\r\u001b[Kconnect: rebooted\r\n⠋ waiting 0 s");
  });
});
