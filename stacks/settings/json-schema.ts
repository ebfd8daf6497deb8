// The settings' schema as JSON Schema: for editors, and for the manual.
import { z } from "zod";
import { settingsSchema } from "./schema.ts";

/** What we read of JSON Schema, and the words that our schema's `meta` adds to it. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  /** A value that works. */
  readonly example?: unknown;
  /** Of a number: `minutes`. */
  readonly unit?: string;
  /** What AWS takes for it, and for what: `$7.30 a month for each subnet`. */
  readonly costs?: string;
}

/** What a settings file may hold, beside the `$schema` by which an editor finds this. */
export function settingsJsonSchema(): JsonSchema {
  const { properties = {}, ...rest } = z.toJSONSchema(settingsSchema, { io: "input" }) as JsonSchema;
  return { ...rest, properties: { $schema: { type: "string" }, ...properties } };
}
