// Which errors name doctor, and how.
import { describe, expect, it } from "@jest/globals";
import { commonFlags, readCommandLine } from "../../../scripts/command/command-line.ts";
import { pointToDoctor } from "../../../scripts/command/point-to-doctor.ts";
import { ExitCode } from "../../../scripts/errors/exit-code.ts";
import { MissingRuleError } from "../../../scripts/errors/missing-rule-error.ts";
import { SandboxNotRunningError } from "../../../scripts/errors/sandbox-not-running-error.ts";
import { TargetNotConnectedError } from "../../../scripts/errors/target-not-connected-error.ts";
import { UserError } from "../../../scripts/errors/user-error.ts";

const plain = readCommandLine([], commonFlags);
const unavailable = { hint: "first", exitCode: ExitCode.Unavailable, cause: new Error("behind") };

describe("pointToDoctor()", () => {
  it.each([
    ["what is not available", new UserError("cannot start session", unavailable)],
    ["an agent that is not connected", new TargetNotConnectedError("cannot start session", unavailable)],
    ["what AWS denies", new UserError("cannot call", { ...unavailable, exitCode: ExitCode.Denied })],
  ])("adds doctor to the hint of %s, and changes nothing else", (_what, error) => {
    const pointed = pointToDoctor(error, plain, "quay-bastion");
    expect(pointed).toMatchObject({
      message: error.message,
      hint: "first\nwhich link to it is broken: ./scripts/doctor.ts quay-bastion",
      exitCode: error.exitCode,
      cause: error.cause,
      stack: error.stack,
    });
  });

  it("quotes the name for a shell, and keeps profile and Region", () => {
    const line = readCommandLine(["--profile", "work", "--region", "eu-west-1"], commonFlags);
    const pointed = pointToDoctor(new UserError("cannot", unavailable), line, "it's; mine") as UserError;
    const command = "./scripts/doctor.ts 'it'\\''s; mine' --profile work --region eu-west-1";
    expect(pointed.hint).toBe(`first\nwhich link to it is broken: ${command}`);
  });

  it.each([
    ["a slip in the command line", new UserError("cannot", { ...unavailable, exitCode: ExitCode.Usage })],
    ["a bastion that there is not", new UserError("cannot", { ...unavailable, exitCode: ExitCode.NotFound })],
    ["a rule that the error names", new MissingRuleError("cannot", unavailable)],
    ["a sandbox that does not run", new SandboxNotRunningError("cannot", unavailable)],
    ["a bug of ours", new TypeError("undefined")],
  ])("leaves alone %s", (_what, error) => {
    expect(pointToDoctor(error, plain, "quay-bastion")).toBe(error);
  });

  it("leaves alone the error of a command that is about no bastion", () => {
    const error = new UserError("cannot", unavailable);
    expect(pointToDoctor(error, plain, undefined)).toBe(error);
  });
});
