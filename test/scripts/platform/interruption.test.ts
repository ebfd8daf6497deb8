// What a signal does to a command.
import { describe, expect, it } from "@jest/globals";
import { EventEmitter } from "node:events";
import { Interruption, abortOnSignals } from "../../../scripts/platform/interruption.ts";

describe("abortOnSignals()", () => {
  it.each([
    ["SIGHUP", 129],
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGBREAK", 149],
  ])("aborts on %s with the status %d", (name, exitCode) => {
    const source = new EventEmitter();
    const signal = abortOnSignals(source, () => undefined);
    source.emit(name);
    expect(signal.reason).toBeInstanceOf(Interruption);
    expect(signal.reason).toMatchObject({ exitCode, message: `ended by ${name}` });
  });

  it("gives up the clean-up on a second signal, and not on the first", () => {
    const source = new EventEmitter();
    const statuses: number[] = [];
    abortOnSignals(source, (exitCode) => statuses.push(exitCode));
    source.emit("SIGINT");
    expect(statuses).toEqual([]);
    source.emit("SIGINT");
    expect(statuses).toEqual([130]);
  });
});
