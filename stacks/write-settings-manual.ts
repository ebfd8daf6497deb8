// `npm run settings-manual`: writes docs/settings.md and docs/settings.schema.json anew, from the schema and the stacks.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { settingsJsonSchema } from "./settings/json-schema.ts";
import { fillIn } from "./settings/manual.ts";
import { manualParts } from "./settings/manual-parts.ts";

const documents = join(dirname(import.meta.dirname), "docs");
const manual = join(documents, "settings.md");

writeFileSync(manual, fillIn(readFileSync(manual, "utf8"), manualParts()));
writeFileSync(join(documents, "settings.schema.json"), `${JSON.stringify(settingsJsonSchema(), null, 2)}\n`);
