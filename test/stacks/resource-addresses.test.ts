// The resource addresses of all scenarios, pinned: changing one replaces the resource behind it, so CHANGELOG.md says "replaces".
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, it } from "@jest/globals";
import { scenarios, synthesize, type Scenario } from "../checkov/scenarios.ts";
import { addresses, type TerraformJson } from "./synthesized.ts";

/** Scenario → addresses. PIN_ADDRESSES=1 with this test writes them anew. */
const file = join(import.meta.dirname, "resource-addresses.json");
const root = dirname(dirname(import.meta.dirname));

function addressesOf(scenario: Scenario): string[] {
  const directory = mkdtempSync(join(tmpdir(), "addresses-"));
  try {
    const text = readFileSync(join(synthesize(scenario, directory), "cdk.tf.json"), "utf8");
    return addresses({ json: JSON.parse(text) as TerraformJson });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

it("are these, and stay these", () => {
  const shipped = JSON.parse(readFileSync(join(root, "dev.tfvars.json"), "utf8")) as object;
  const found = Object.fromEntries(scenarios(shipped).map((scenario) => [scenario.name, addressesOf(scenario)]));
  if (process.env["PIN_ADDRESSES"] === "1") writeFileSync(file, `${JSON.stringify(found, undefined, 2)}\n`);
  expect(found).toEqual(JSON.parse(readFileSync(file, "utf8")));
});
