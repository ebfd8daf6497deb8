// docs/settings.md and docs/settings.schema.json tell of every setting and output, as the schema and the stacks have them.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { settingsJsonSchema, type JsonSchema } from "../../stacks/settings/json-schema.ts";
import { fillIn, outputsList, settingsList } from "../../stacks/settings/manual.ts";
import { manualParts } from "../../stacks/settings/manual-parts.ts";
import { settingsSchema, settingsSections } from "../../stacks/settings/schema.ts";
import { synthesize } from "./synthesized.ts";

const root = dirname(dirname(import.meta.dirname));
const text = readFileSync(join(root, "docs", "settings.md"), "utf8");

describe("docs/settings.md", () => {
  it("is what `npm run settings-manual` writes", () => {
    expect(text).toBe(fillIn(text, manualParts()));
  });

  it("tells of each setting once", () => {
    const told = [...text.matchAll(/^- `(\w+)` \(/gm)].map(([, key]) => key);
    expect([...told].sort()).toEqual(Object.keys(settingsSchema.shape).sort());
    expect(Object.values(settingsSections).flatMap((section) => Object.keys(section))).toHaveLength(told.length);
  });

  it("shows examples that are accepted", () => {
    const examples = [...text.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(
      ([, json = ""]) => JSON.parse(json) as object,
    );
    expect(examples.length).toBeGreaterThanOrEqual(2);
    expect(examples.map((example) => synthesize(example).complaint)).toEqual(examples.map(() => ""));
  });
});

describe("docs/settings.schema.json", () => {
  it("is what `npm run settings-manual` writes", () => {
    const written = JSON.parse(readFileSync(join(root, "docs", "settings.schema.json"), "utf8")) as unknown;
    expect(written).toEqual(JSON.parse(JSON.stringify(settingsJsonSchema())));
  });

  it("is named by the settings that are shipped, which synthesis passes over", () => {
    const shipped = JSON.parse(readFileSync(join(root, "dev.tfvars.json"), "utf8")) as Record<string, unknown>;
    expect(shipped["$schema"]).toBe("./docs/settings.schema.json");
    expect(synthesize(shipped).exitCode).toBe(0);
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

describe("each output", () => {
  it("has a description", () => {
    const bare = Object.entries(manualParts()).flatMap(([name, part]) =>
      name.startsWith("outputs: ") ? part.split("\n").filter((line) => line.endsWith(": .")) : [],
    );
    expect(bare).toEqual([]);
  });
});

describe("the lists", () => {
  const schema: JsonSchema = {
    properties: {
      minutes: { type: "integer", default: 20, unit: "minutes", description: "How long.", costs: "$1 a month" },
      kind: { enum: ["one", "two"], description: "Which." },
      entries: {
        type: "array",
        description: "All.",
        items: {
          type: "object",
          required: ["name"],
          properties: { name: { type: "string", description: "Its name." }, hidden: { type: "string" } },
        },
      },
    },
    required: ["kind"],
  };

  it("give type, unit, default, and what it costs", () => {
    expect(settingsList(["minutes", "kind"], schema)).toBe(
      [
        "- `minutes` (whole number, in minutes; default `20`): How long. Costs $1 a month.",
        '- `kind` (`"one"` or `"two"`; required): Which.',
      ].join("\n"),
    );
  });

  it("go into what stands inside of a setting, where that is described", () => {
    expect(settingsList(["entries"], schema)).toBe(
      ["- `entries` (list of objects): All.", "  - `entries[].name` (string; required): Its name."].join("\n"),
    );
  });

  it("leave out outputs by which one stack reads another", () => {
    const outputs = { name: { description: "What it is called" }, cross_stack_output_aws_vpcid: {} };
    expect(outputsList(outputs)).toBe("- `name`: What it is called.");
  });

  it("need a place in the document", () => {
    const document = "<!-- begin: one -->\nold\n<!-- end -->\n";
    expect(fillIn(document, { one: "new" })).toBe("<!-- begin: one -->\n\nnew\n\n<!-- end -->\n");
    expect(() => fillIn(document, { two: "new" })).toThrow('the document has no "<!-- begin: two -->"');
  });
});
