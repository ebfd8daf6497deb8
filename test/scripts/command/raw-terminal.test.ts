// A terminal is given back, whatever happens.
import { EventEmitter } from "node:events";
import { describe, expect, it } from "@jest/globals";
import { rawTerminal } from "../../../scripts/command/raw-terminal.ts";

function fakeTerminal() {
  const modes: boolean[] = [];
  const output = Object.assign(new EventEmitter(), { columns: 80, rows: 24 });
  const [exits, continuations]: [(() => void)[], Set<() => void>] = [[], new Set()];
  const terminal = rawTerminal({
    input: { setRawMode: (mode: boolean) => modes.push(mode) } as never,
    output: output as never,
    onContinue: (listener) => {
      continuations.add(listener);
      return () => continuations.delete(listener);
    },
    onExit: (action) => exits.push(action),
  });
  return { terminal, modes, output, exits, continuations };
}

describe("rawTerminal()", () => {
  it("takes the keys, and gives the terminal back once", () => {
    const { terminal, modes, exits } = fakeTerminal();
    const giveBack = terminal.takeKeys();
    giveBack();
    giveBack();
    for (const exit of exits) exit();
    expect(modes).toEqual([true, false]);
  });

  it("gives it back when the process ends without anybody else doing it", () => {
    const { terminal, modes, exits } = fakeTerminal();
    terminal.takeKeys();
    for (const exit of exits) exit();
    expect(modes).toEqual([true, false]);
  });

  it("takes it again when the process goes on after a stop, as long as it has it", () => {
    const { terminal, modes, continuations } = fakeTerminal();
    const giveBack = terminal.takeKeys();
    for (const listener of continuations) listener();
    expect(modes).toEqual([true, false, true]);
    giveBack();
    expect(continuations.size).toBe(0);
  });

  it("tells its size, and when that changes", () => {
    const { terminal, output } = fakeTerminal();
    const sizes: unknown[] = [];
    const stop = terminal.onResize(() => sizes.push(terminal.size));
    Object.assign(output, { columns: 132, rows: 43 });
    output.emit("resize");
    stop();
    output.emit("resize");
    expect(sizes).toEqual([{ columns: 132, rows: 43 }]);
  });
});
