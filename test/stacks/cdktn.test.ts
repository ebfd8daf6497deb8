// What it would mean to go over to the maintained fork of cdktf: the stacks as they are, with other packages by these names.
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { differences, installAliases, synthesizeWith, terraformJson } from "../cdktn/cdktn.ts";
import { scenarios, synthesize } from "../checkov/scenarios.ts";

const settings = join(import.meta.dirname, "..", "..", "dev.tfvars.json");
const all = scenarios(JSON.parse(readFileSync(settings, "utf8")) as object);
/** The packages are large, and installed the first time. */
const INSTALL_LIMIT_MS = 300_000;

describe("the stacks under cdktn and its AWS provider", () => {
  let directory = "";
  let folders: readonly string[] = [];
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "cdktn-"));
    folders = await synthesizeWith(await installAliases(), join(directory, "cdktn"));
  }, INSTALL_LIMIT_MS);
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  it.each(all.map((scenario, index) => ({ ...scenario, index })))(
    "$name is the same JSON, but for the versions",
    ({ index, ...scenario }) => {
      const ours = terraformJson(synthesize(scenario, join(directory, "cdktf")));
      const theirs = terraformJson(folders[index] ?? "");
      expect(differences(ours, theirs)).toEqual([
        ["//.metadata.version", "0.21.0", "0.24.0"],
        // The same provider, whose whole name is registry.terraform.io/hashicorp/aws either way.
        ["terraform.required_providers.aws.source", "aws", "hashicorp/aws"],
        ["terraform.required_providers.aws.version", "5.100.0", "6.66.0"],
      ]);
    },
  );
});
