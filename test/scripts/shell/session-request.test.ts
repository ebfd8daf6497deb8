// What StartSession is asked for.
import { describe, expect, it } from "@jest/globals";
import { endOfInput, sessionRequest } from "../../../scripts/shell/session-request.ts";

const LINUX = { instanceId: "i-0123456789abcdef0", isWindows: false };
const WINDOWS = { ...LINUX, isWindows: true };
const command = (line: string, onTerminal = false) => ({ command: { line, onTerminal }, reason: undefined });

describe("sessionRequest()", () => {
  it.each([LINUX, WINDOWS])("names no document for a shell: the account's preferences decide", (target) => {
    const request = sessionRequest(target, { command: undefined, reason: "ticket 4711" });
    expect(request).toMatchObject({ documentName: undefined, parameters: {}, reason: "ticket 4711" });
  });

  it("puts a shell around a command, and asks for separate outputs", () => {
    expect(sessionRequest(LINUX, command("echo $HOME | wc -c"))).toMatchObject({
      documentName: "AWS-StartNonInteractiveCommand",
      parameters: { command: ["sh -c 'echo $HOME | wc -c'"], separateOutputStream: ["true"] },
    });
  });

  it("leaves a command for Windows as it is", () => {
    expect(sessionRequest(WINDOWS, command("hostname")).parameters["command"]).toEqual(["hostname"]);
  });

  it("leaves a command on a terminal as it is: the agent has a shell for it", () => {
    expect(sessionRequest(LINUX, command("top", true))).toMatchObject({
      documentName: "AWS-StartInteractiveCommand",
      parameters: { command: ["top"] },
    });
  });
});

describe("endOfInput()", () => {
  it("is Ctrl-D, or exit on Windows", () => {
    expect([endOfInput(LINUX), endOfInput(WINDOWS)]).toEqual(["\u0004", "exit\r"]);
  });
});
