// Which Region wins.
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { profileSettings, resolveProfile, resolveRegion } from "../../../scripts/aws/region.ts";

const nothing = { regionFlag: undefined, profileFlag: undefined, environment: {}, settings: { region: undefined } };
const everything = {
  regionFlag: "eu-west-1",
  profileFlag: "work",
  environment: { AWS_REGION: "eu-west-2", AWS_DEFAULT_REGION: "eu-west-3" },
  settings: { region: "us-east-1" },
};

describe("resolveRegion()", () => {
  let directory = "";
  const before = { ...process.env };
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "profiles-"));
    // A name of its own for each test, since the SDK keeps what it has read of a file.
    process.env["AWS_CONFIG_FILE"] = join(directory, "config");
    process.env["AWS_SHARED_CREDENTIALS_FILE"] = join(directory, "credentials");
    writeFileSync(join(directory, "config"), "[profile work]\nregion = eu-south-1\n");
  });
  afterEach(() => {
    process.env = { ...before };
    rmSync(directory, { recursive: true });
  });

  it("takes flag, AWS_REGION, AWS_DEFAULT_REGION, profile and settings, in this order", async () => {
    const noFlag = { ...everything, regionFlag: undefined };
    const noRegion = { ...noFlag, environment: { AWS_DEFAULT_REGION: "eu-west-3" } };
    const noEnvironment = { ...noFlag, environment: {} };
    const noProfile = { ...noEnvironment, profileFlag: undefined };
    await expect(
      Promise.all([everything, noFlag, noRegion, noEnvironment, noProfile].map(resolveRegion)),
    ).resolves.toEqual(["eu-west-1", "eu-west-2", "eu-west-3", "eu-south-1", "us-east-1"]);
  });

  it("takes the profile of AWS_PROFILE", async () => {
    const environment = { AWS_PROFILE: "work" };
    await expect(resolveRegion({ ...nothing, environment })).resolves.toBe("eu-south-1");
  });

  it("fails with 64 when nothing names one", async () => {
    await expect(resolveRegion(nothing)).rejects.toMatchObject({ exitCode: 64, message: "no Region is named" });
  });

  it.each(["europe", "eu-west-1; rm", "EU-WEST-1", "eu-west-1.evil.example"])(
    "fails with 64 for %j",
    async (region) => {
      await expect(resolveRegion({ ...nothing, regionFlag: region })).rejects.toMatchObject({ exitCode: 64 });
    },
  );

  it.each(["us-gov-west-1", "cn-north-1", "us-iso-east-1", "eusc-de-east-1", "ap-southeast-7"])(
    "knows %s",
    async (region) => {
      await expect(resolveRegion({ ...nothing, regionFlag: region })).resolves.toBe(region);
    },
  );

  it("tells a profile that does not exist", async () => {
    await expect(profileSettings("none")).resolves.toBeUndefined();
  });
});

describe("resolveProfile()", () => {
  it("prefers the flag, and takes an empty variable for none", () => {
    expect(resolveProfile({ profileFlag: "a", environment: { AWS_PROFILE: "b" } })).toBe("a");
    expect(resolveProfile({ profileFlag: undefined, environment: { AWS_PROFILE: "" } })).toBeUndefined();
  });
});
