import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sandboxEnvironment, writeEnvironmentFile } from "../../../sandbox/desk/environment-file.ts";

const own = { AWS_ENDPOINT_URL: "http://127.0.0.1:4566", AWS_REGION: "eu-central-1", ODD: `it's "$HOME" \`id\`` };

describe("writeEnvironmentFile()", () => {
  let directory = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "environment-file-"));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it("gives a shell that reads it the sandbox's settings, quoted, and takes away what would win over them", () => {
    const path = join(directory, "env");
    writeEnvironmentFile(path, own);
    const output = execFileSync("sh", ["-c", '. "$0" && env', path], {
      encoding: "utf8",
      env: {
        PATH: process.env["PATH"],
        AWS_PROFILE: "work",
        AWS_SESSION_TOKEN: "t",
        AWS_ENDPOINT_URL_S3: "https://s3.example",
        AWS_ENDPOINT_URL_EC2_INSTANCE_CONNECT: "x",
      },
    });
    const lines = output.split("\n");
    expect(lines).toEqual(expect.arrayContaining(["AWS_ENDPOINT_URL=http://127.0.0.1:4566", `ODD=${own.ODD}`]));
    expect(output).not.toMatch(/AWS_PROFILE|AWS_SESSION_TOKEN|AWS_ENDPOINT_URL_/);
  });

  it("lets only its owner read it", () => {
    const path = join(directory, "env");
    writeEnvironmentFile(path, own);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });
});

describe("sandboxEnvironment()", () => {
  it("keeps what is not AWS's, drops the rivals, adds the sandbox's own", () => {
    const inherited = {
      PATH: "/bin",
      AWS_PROFILE: "work",
      AWS_ENDPOINT_URL_SSM: "https://x",
      AWS_SESSION_TOKEN: "t",
      UNSET: undefined,
    };
    expect(sandboxEnvironment(inherited, own)).toEqual({ PATH: "/bin", ...own });
  });
});
