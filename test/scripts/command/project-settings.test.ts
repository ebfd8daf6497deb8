// Which of the deployment's settings the commands fall back on.
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readProjectSettings } from "../../../scripts/command/project-settings.ts";

describe("readProjectSettings()", () => {
  let root = "";
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "settings-"));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it("reads Region and image of dev.tfvars.json, or of the environment's file", async () => {
    writeFileSync(join(root, "dev.tfvars.json"), '{"aws_region":"eu-west-1"}');
    writeFileSync(join(root, "prod.tfvars.json"), '{"aws_region":"us-east-1","image":"ubuntu"}');
    await expect(readProjectSettings(root, undefined)).resolves.toEqual({ region: "eu-west-1", image: undefined });
    await expect(readProjectSettings(root, "prod")).resolves.toEqual({ region: "us-east-1", image: "ubuntu" });
  });

  it("has none where the file does not exist", async () => {
    await expect(readProjectSettings(root, "prod")).resolves.toEqual({ region: undefined, image: undefined });
  });

  it("reads no file outside the project, whatever ENVIRONMENT says", async () => {
    writeFileSync(join(root, "x.tfvars.json"), '{"aws_region":"eu-west-1"}');
    await expect(readProjectSettings(join(root, "below"), "../x")).resolves.toMatchObject({ region: undefined });
  });

  it.each([["null"], ["[]"], ["7"], ['{"aws_region":7}']])("has none in %s", async (content) => {
    writeFileSync(join(root, "dev.tfvars.json"), content);
    await expect(readProjectSettings(root, undefined)).resolves.toMatchObject({ region: undefined });
  });

  it("fails with 65 when the file is not JSON", async () => {
    writeFileSync(join(root, "dev.tfvars.json"), "aws_region = 1");
    await expect(readProjectSettings(root, undefined)).rejects.toMatchObject({
      exitCode: 65,
      message: 'cannot read "dev.tfvars.json": not JSON',
    });
  });
});
