// docs/settings.md tells of every setting, with the default that it has.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { settingsSchema } from "../../stacks/settings/schema.ts";
import { synthesize } from "./synthesized.ts";

const text = readFileSync(join(dirname(dirname(import.meta.dirname)), "docs", "settings.md"), "utf8");
/** Rows of its tables: key, then what the default column says. */
const rows = new Map(
  [...text.matchAll(/^\| `(\w+)` +\| ([^|]*?) *\|/gm)].map(([, key = "", shown = ""]) => [key, shown]),
);
const defaults = settingsSchema.parse({ tag_application: "sandbox" });

describe("docs/settings.md", () => {
  it("has a row for each setting, and for nothing else", () => {
    expect([...rows.keys()].sort()).toEqual(Object.keys(settingsSchema.shape).sort());
  });

  it.each(Object.entries(defaults).filter(([key, value]) => key !== "tag_application" && !isPolicy(value)))(
    "gives the default of %s",
    (key, value) => {
      expect(rows.get(key)).toBe(`\`${JSON.stringify(value)}\``);
    },
  );

  it("shows examples that are accepted", () => {
    const examples = [...text.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(
      ([, json = ""]) => JSON.parse(json) as object,
    );
    expect(examples).toHaveLength(2);
    expect(examples.map((example) => synthesize(example).complaint)).toEqual(["", ""]);
  });
});

describe("each setting", () => {
  it.each(Object.entries(settingsSchema.shape))(
    "%s has a description, and an example that is right",
    (_key, schema) => {
      const { description, example } = schema.meta() ?? {};
      expect(description).toMatch(/\.$/);
      expect(schema.safeParse(example).success).toBe(true);
    },
  );
});

function isPolicy(value: unknown): boolean {
  return typeof value === "object" && !Array.isArray(value);
}
