// Which Region the sandbox plays.
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { settingsRegion } from "../../../sandbox/desk/region.ts";

describe("settingsRegion()", () => {
  let project = "";
  beforeEach(() => {
    project = mkdtempSync(join(tmpdir(), "region-"));
  });
  afterEach(() => {
    rmSync(project, { recursive: true });
  });

  it("is that of the environment's settings", () => {
    writeFileSync(join(project, "dev.tfvars.json"), `{ "aws_region": "us-east-1" }`);
    writeFileSync(join(project, "prod.tfvars.json"), `{ "aws_region": "ap-south-1" }`);
    expect([settingsRegion(project), settingsRegion(project, "prod")]).toEqual(["us-east-1", "ap-south-1"]);
  });

  it.each(["{}", `{ "aws_region": 7 }`, "not JSON", "null"])(
    "is a Region of its own when the settings are %s",
    (content) => {
      writeFileSync(join(project, "dev.tfvars.json"), content);
      expect(settingsRegion(project)).toBe("eu-central-1");
    },
  );

  it("is a Region of its own when there are no settings", () => {
    expect(settingsRegion(project)).toBe("eu-central-1");
  });
});
