// What all scenarios together are excused from: few checks, each for a reason that stands at the resource.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, it } from "@jest/globals";
import { exceptionsOf, type Exception, type SynthesizedStack } from "../checkov/judge.ts";
import { scenarios, synthesize, type Scenario } from "../checkov/scenarios.ts";

const root = dirname(dirname(import.meta.dirname));

function allExceptions(): Exception[] {
  const shipped = JSON.parse(readFileSync(join(root, "dev.tfvars.json"), "utf8")) as object;
  const directory = mkdtempSync(join(tmpdir(), "exceptions-"));
  try {
    return [...scenarios(shipped), ...scenarios(shipped).flatMap(unprotected)].flatMap((scenario) => {
      const text = readFileSync(join(synthesize(scenario, directory), "cdk.tf.json"), "utf8");
      return exceptionsOf(JSON.parse(text) as SynthesizedStack);
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The same with a database that may be deleted, which no scenario has, since Checkov would look at it for that alone. */
function unprotected({ settings, name, ...rest }: Scenario): Scenario[] {
  if (rest.stack !== "database-demo") return [];
  return [
    { ...rest, name: `${name}-unprotected`, settings: { ...settings, database_demo: { deletion_protection: false } } },
  ];
}

it("are fewer than five checks, each with a reason", () => {
  const exceptions = allExceptions();
  const ids = new Set(exceptions.map(({ checkId }) => checkId));
  expect([...ids].sort()).toEqual(["CKV_AWS_144", "CKV_AWS_18", "CKV_AWS_273", "CKV_AWS_293"]);
  expect(exceptions.filter(({ reason }) => !/\w+ \w+/.test(reason))).toEqual([]);
});
