import { describe, expect, it } from "@jest/globals";
import { Steps } from "../../../sandbox/desk/steps.ts";
import { FakeClock } from "../../harness/fake-clock.ts";

function story(isTTY: boolean): { text: string; isTTY: boolean; write(text: string): void } {
  return {
    text: "",
    isTTY,
    write(text) {
      this.text += text;
    },
  };
}

describe("Steps.step()", () => {
  it("tells the time that a step took, in lines where there is no terminal", async () => {
    const clock = new FakeClock();
    const stream = story(false);
    const step = new Steps(stream, clock).step("deploy", async (tell) => {
      tell("aws_vpc.main");
      await clock.advance(40_000);
      return 7;
    });
    await expect(step).resolves.toBe(7);
    expect(stream.text).toBe("deploy …\ndeploy … 15 s aws_vpc.main\ndeploy … 30 s aws_vpc.main\ndeploy: 40 s\n");
    expect(clock.pending).toBe(0);
  });

  it("rewrites one line in a terminal", async () => {
    const clock = new FakeClock();
    const stream = story(true);
    await new Steps(stream, clock).step("start", () => clock.advance(1_500));
    expect(stream.text.split("\n")).toHaveLength(2);
    expect(stream.text).toContain("\r\u001b[Kstart: 1.5 s\n");
  });

  it("says when a step failed, and passes the error on", async () => {
    const clock = new FakeClock();
    const stream = story(false);
    const step = new Steps(stream, clock).step("deploy", () => Promise.reject(new Error("no")));
    await expect(step).rejects.toThrow("no");
    expect(stream.text).toContain("deploy: failed after 0.0 s");
    expect(clock.pending).toBe(0);
  });
});
