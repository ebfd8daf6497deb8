// What is said about credentials that are missing, expired or refused.
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentialProvider } from "../../../scripts/aws/credentials.ts";

const config = `
[profile sso]
sso_session = company
sso_account_id = 123456789012
sso_role_name = Developer
[sso-session company]
sso_start_url = https://company.example/start
sso_region = eu-west-1
[profile old-sso]
sso_start_url = https://company.example/start
sso_region = eu-west-1
sso_account_id = 123456789012
sso_role_name = Developer
[profile mfa]
role_arn = arn:aws:iam::123456789012:role/Admin
source_profile = keys
mfa_serial = arn:aws:iam::123456789012:mfa/ann
[profile keys]
region = eu-west-1
`;

describe("credentialProvider()", () => {
  let directory = "";
  const before = { ...process.env };
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "credentials-"));
    for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) Reflect.deleteProperty(process.env, name);
    process.env["HOME"] = directory; // where a login would be kept
    process.env["AWS_CONFIG_FILE"] = join(directory, "config");
    process.env["AWS_SHARED_CREDENTIALS_FILE"] = join(directory, "credentials");
    process.env["AWS_EC2_METADATA_DISABLED"] = "true";
    writeFileSync(join(directory, "config"), config);
    writeFileSync(
      join(directory, "credentials"),
      "[keys]\naws_access_key_id = AKIA0\naws_secret_access_key = secret\n",
    );
  });
  afterEach(() => {
    process.env = { ...before };
    rmSync(directory, { recursive: true });
  });

  const provide = (profile?: string) => credentialProvider({ profile, terminal: undefined })();

  it("reads a profile's keys", async () => {
    await expect(provide("keys")).resolves.toMatchObject({ accessKeyId: "AKIA0" });
  });

  it("fails with 77 and two ways out when there are none", async () => {
    await expect(provide()).rejects.toMatchObject({
      exitCode: 77,
      message: "no AWS credentials found",
      hint: expect.stringContaining(". .sandbox/env"),
    });
  });

  it.each(["sso", "old-sso"])("shows the command that renews the login of the profile %s", async (profile) => {
    await expect(provide(profile)).rejects.toMatchObject({
      exitCode: 77,
      message: `the login of profile "${profile}" has expired or was never made`,
      hint: `aws sso login --profile ${profile}`,
    });
  });

  it("suggests the profile that was meant", async () => {
    await expect(provide("key")).rejects.toMatchObject({
      exitCode: 77,
      message: 'cannot use profile "key": neither ~/.aws/config nor ~/.aws/credentials has it',
      hint: 'did you mean "keys"?',
    });
  });

  it("says that a role demands an MFA code where nobody can be asked for it", async () => {
    await expect(provide("mfa")).rejects.toMatchObject({
      exitCode: 77,
      message: 'profile "mfa" demands an MFA code and got none that fits',
    });
  });

  it("asks the person for the MFA code, with the device's name", async () => {
    const questions: string[] = [];
    const terminal = {
      ask: (question: string) => {
        questions.push(question);
        return Promise.reject(new RangeError("left"));
      },
    };
    await expect(credentialProvider({ profile: "mfa", terminal })()).rejects.toMatchObject({ exitCode: 77 });
    expect(questions).toEqual(["MFA code for arn:aws:iam::123456789012:mfa/ann: "]);
  });
});
