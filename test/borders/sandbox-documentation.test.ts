// docs/sandbox.md says what the sandbox models; the code is held to it, and it to the code.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { HANDED_ON, OWN_CALLS, OWN_SERVICES, REFUSED } from "../../sandbox/endpoint/modelled-calls.ts";
import { noFaults } from "../../sandbox/faults.ts";

const project = join(import.meta.dirname, "..", "..");
const lines = readFileSync(join(project, "docs", "sandbox.md"), "utf8").split("\n");
const rows = lines.filter((line) => line.startsWith("| ")).map((line) => line.split("|").map((cell) => cell.trim()));

/** What stands in backticks in the first column, where the second is `answer`. */
function calls(answer: string): string[] {
  return rows.filter(([, , second]) => second === answer).map(([, first = ""]) => first.replaceAll("`", ""));
}

describe("docs/sandbox.md", () => {
  it.each([
    ["own", OWN_CALLS],
    ["moto", HANDED_ON],
    ["refused", [...OWN_SERVICES.map((service) => `${service}:*`), ...REFUSED]],
  ] as const)("lists each call that is %s, and no other", (answer, modelled) => {
    expect(calls(answer).sort()).toEqual([...modelled].sort());
  });

  it("lists each module that mends moto", () => {
    const modules = readdirSync(join(project, "sandbox", "moto", "mends"))
      .filter((name) => name.endsWith(".py") && name !== "__init__.py")
      .map((name) => name.replace(/\.py$/, ""));
    const listed = rows.map(([, first = ""]) => first.replaceAll("`", "")).filter((name) => modules.includes(name));
    expect(listed).toEqual(modules.sort());
  });

  it.each(Object.keys(noFaults()))("says what the fault %s does", (fault) => {
    expect(lines.join("\n")).toContain(`\`faults.${fault}\``);
  });
});
