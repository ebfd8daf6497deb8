// What a person sees of an error, and what the process ends with.
import { describe, expect, it } from "@jest/globals";
import { ExitCode } from "../../../scripts/errors/exit-code.ts";
import { renderError } from "../../../scripts/errors/render-error.ts";
import { UserError } from "../../../scripts/errors/user-error.ts";
import { ProtocolError } from "../../../session-manager/protocol-error.ts";

const quiet = { program: "connect", debug: false };
const debug = { program: "connect", debug: true };

function denied(): UserError {
  const cause = Object.assign(new Error("not authorized"), { name: "AccessDenied", $metadata: { requestId: "r-1" } });
  return new UserError("cannot start session", { hint: "first\nsecond", exitCode: ExitCode.Denied, cause });
}

describe("renderError()", () => {
  it("shows one error line, one line for each hint, and the error's exit status", () => {
    expect(renderError(denied(), quiet)).toEqual({
      lines: ["connect: error: cannot start session", "connect: hint: first", "connect: hint: second"],
      exitCode: 77,
    });
  });

  it("shows the cause with its request id when debugging", () => {
    expect(renderError(denied(), debug).lines).toContain(
      "connect: debug: caused by AccessDenied: not authorized (request id r-1)",
    );
  });

  it("escapes terminal control characters in message and hint", () => {
    const error = new UserError('no instance "\u001b[2J"', { hint: 'try "\u0007"', exitCode: ExitCode.NotFound });
    expect(renderError(error, quiet).lines).toEqual([
      'connect: error: no instance "\\u001b[2J"',
      'connect: hint: try "\\u0007"',
    ]);
  });

  it("ends with 76 when the peer broke the protocol", () => {
    expect(renderError(new ProtocolError("AGENT_MESSAGE_TRUNCATED", "too short"), quiet).exitCode).toBe(76);
  });

  it("calls anything else a bug, shows its stack and ends with 70", () => {
    const { lines, exitCode } = renderError(new TypeError("x is undefined"), quiet);
    expect(lines[0]).toBe("connect: error: unexpected TypeError: x is undefined");
    expect(lines.some((line) => line.startsWith("connect: debug:     at "))).toBe(true);
    expect(exitCode).toBe(70);
  });

  it("comes to an end when an error is its own cause", () => {
    const error = new Error("round");
    error.cause = error;
    expect(renderError(error, debug).exitCode).toBe(70);
  });
});
