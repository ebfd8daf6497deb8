// What a person reads of each error that the SDK knows by name.
import { describe, expect, it } from "@jest/globals";
import { translateError } from "../../../scripts/aws/translate-error.ts";
import { SandboxNotRunningError } from "../../../scripts/errors/sandbox-not-running-error.ts";
import { TargetNotConnectedError } from "../../../scripts/errors/target-not-connected-error.ts";
import { UserError } from "../../../scripts/errors/user-error.ts";

const call = { action: "ssm:StartSession", resource: "i-0abc", region: "eu-west-1", profile: undefined };

function named(name: string, more: object = {}): Error {
  return Object.assign(new Error("the service's own words"), { name, ...more });
}

function translated(thrown: unknown, given = call): UserError {
  const error = translateError(thrown, given);
  if (error instanceof UserError) return error;
  throw new TypeError("not translated");
}

describe("translateError()", () => {
  it.each([
    ["AccessDeniedException", 77, "AWS does not allow it"],
    ["UnauthorizedOperation", 77, "AWS does not allow it"],
    ["AuthException", 77, "AWS does not allow it"],
    ["ExpiredTokenException", 77, "the AWS credentials have expired"],
    ["RequestExpired", 77, "the AWS credentials have expired"],
    ["UnrecognizedClientException", 77, "AWS does not know these credentials"],
    ["AuthFailure", 77, "AWS does not know these credentials"],
    ["InvalidClientTokenId", 77, "AWS does not know these credentials"],
    ["InvalidSignatureException", 77, "AWS refuses the signature"],
    ["ThrottlingException", 75, "AWS asks for fewer calls"],
    ["RequestLimitExceeded", 75, "AWS asks for fewer calls"],
    ["EC2InstanceNotFoundException", 66, "no such instance in eu-west-1"],
    ["InvalidDocument", 66, "no such session document in eu-west-1"],
    ["EC2InstanceStateInvalidException", 69, "the instance is not running"],
    ["InternalServerError", 75, "AWS met an error of its own"],
  ])("translates %s to status %d", (name, exitCode, met) => {
    expect(translated(named(name))).toMatchObject({
      exitCode,
      message: `cannot call ssm:StartSession on "i-0abc": ${met}`,
    });
  });

  it("names the permission that is missing, and shows AWS's words without escapes", () => {
    const error = translated(Object.assign(named("AccessDenied"), { message: "User \u001b[2J is not authorized" }));
    expect(error.hint.split("\n")).toEqual([
      "ask for the permission ssm:StartSession; docs/permissions.md has the policy",
      "AWS says: User \\u001b[2J is not authorized",
    ]);
  });

  it("shows the login command of the profile whose credentials have expired", () => {
    expect(translated(named("ExpiredToken"), { ...call, profile: "work" } as never).hint).toBe(
      "aws sso login --profile work",
    );
  });

  it("gives TargetNotConnected a type, since it can be healed", () => {
    expect(translated(named("TargetNotConnected"))).toBeInstanceOf(TargetNotConnectedError);
  });

  it("says that the sandbox is not running when a loopback address refuses", () => {
    const error = translated(named("Error", { code: "ECONNREFUSED", address: "127.0.0.1" }));
    expect(error).toBeInstanceOf(SandboxNotRunningError);
    expect(error).toMatchObject({ exitCode: 69, hint: expect.stringContaining("npm run sandbox") });
  });

  it("looks into the errors of several addresses", () => {
    const errors = [named("Error", { code: "ECONNREFUSED", address: "::1" })];
    expect(translated(named("AggregateError", { code: "ECONNREFUSED", errors }))).toBeInstanceOf(
      SandboxNotRunningError,
    );
  });

  it.each([
    ["ECONNREFUSED", "AWS cannot be reached (ECONNREFUSED)"],
    ["ETIMEDOUT", "AWS cannot be reached (ETIMEDOUT)"],
    ["ENOTFOUND", "its endpoint has no address"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "the endpoint's certificate is not trusted"],
  ])("translates the network's %s to status 69", (code, met) => {
    const error = translated(named("Error", { code, address: "192.0.2.1" }));
    expect(error.exitCode).toBe(69);
    expect(error.message).toContain(met);
  });

  it("tells an endpoint that is silent from a connection that was cut, which have the same name", () => {
    expect(translated(named("TimeoutError")).message).toContain("AWS cannot be reached (no answer in time)");
    const cut = named("TimeoutError", { code: "ECONNRESET" });
    expect(translated(cut)).toMatchObject({ exitCode: 69, message: expect.stringContaining("(ECONNRESET)") });
  });

  it.each([
    ["NotFoundException", 66, "no such KMS key in"],
    ["DisabledException", 69, "the KMS key cannot be used"],
    ["KMSInvalidStateException", 69, "the KMS key cannot be used"],
    ["KMSInternalException", 75, "AWS met an error of its own"],
  ])("translates KMS's %s to status %i", (name, exitCode, met) => {
    const error = translated(named(name), {
      ...call,
      action: "kms:GenerateDataKey",
      resource: "alias/sessions",
    });
    expect(error.exitCode).toBe(exitCode);
    expect(error.message).toContain('cannot call kms:GenerateDataKey on "alias/sessions": ');
    expect(error.message).toContain(met);
  });

  it.each([
    ["an error that has no translation", new TypeError("bug")],
    ["what is no error", "text"],
  ])("passes %s as it is", (_what, thrown) => {
    expect(translateError(thrown, call)).toBe(thrown);
  });
});
