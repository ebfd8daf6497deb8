// Questions to the person in front of the terminal.
import { describe, expect, it } from "@jest/globals";
import { PassThrough } from "node:stream";
import { lineTerminal } from "../../../scripts/command/terminal.ts";

function terminal(typed: string) {
  const input = new PassThrough();
  const output = new PassThrough();
  const controller = new AbortController();
  input.end(typed);
  const asked = (): string => String(output.read() ?? "");
  return { asked, controller, terminal: lineTerminal({ input, output, signal: controller.signal }) };
}

describe("lineTerminal().confirm()", () => {
  it.each(["y\n", "Yes\n", " YES \n"])("takes %j for a yes", async (typed) => {
    await expect(terminal(typed).terminal.confirm("reboot?")).resolves.toBe(true);
  });

  it.each(["\n", "n\n", "yess\n", ""])("takes %j for a no", async (typed) => {
    await expect(terminal(typed).terminal.confirm("reboot?")).resolves.toBe(false);
  });

  it("shows a foreign name without the escapes in it", async () => {
    const { terminal: asking, asked } = terminal("n\n");
    await asking.confirm('reboot "\u001b[2J"?');
    expect(asked()).toBe('reboot "\\u001b[2J"? [y/N] ');
  });
});

describe("lineTerminal().choose()", () => {
  it("lists what there is, and gives the one that was picked", async () => {
    const { terminal: asking, asked } = terminal("2\n");
    await expect(asking.choose("which?", ["i-1", "i-2"], (id) => `instance ${id}`)).resolves.toBe("i-2");
    expect(asked()).toBe("  1  instance i-1\n  2  instance i-2\nwhich? [1-2] ");
  });

  it.each(["0\n", "3\n", "x\n", "\n", "1e0\n"])("fails with 64 for %j", async (typed) => {
    await expect(terminal(typed).terminal.choose("which?", ["i-1", "i-2"], String)).rejects.toMatchObject({
      exitCode: 64,
    });
  });
});

describe("lineTerminal().ask()", () => {
  it("ends with the signal", async () => {
    const input = new PassThrough();
    const controller = new AbortController();
    const asking = lineTerminal({ input, output: new PassThrough(), signal: controller.signal }).ask("MFA code: ");
    controller.abort(new RangeError("ended"));
    await expect(asking).rejects.toThrow();
  });
});
