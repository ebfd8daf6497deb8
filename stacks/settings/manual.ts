// What docs/settings.md says of each setting and output, taken from the schema and from the stacks themselves.
import type { JsonSchema } from "./json-schema.ts";

/** JSON's types, in words. */
const TYPE_WORDS: Readonly<Record<string, string>> = {
  boolean: "true or false",
  integer: "whole number",
  number: "number",
  object: "object",
  string: "string",
};

/** Outputs of one stack, as its JSON has them. */
export type Outputs = Readonly<Record<string, { readonly description?: string }>>;

/** A list of these settings, with what is inside of them. */
export function settingsList(keys: readonly string[], { properties = {}, required = [] }: JsonSchema): string {
  return keys
    .flatMap((key) => entries(key, properties[key] ?? {}, { isRequired: required.includes(key), depth: 0 }))
    .join("\n");
}

/** A list of the outputs of one stack. */
export function outputsList(outputs: Outputs): string {
  return Object.entries(outputs)
    .filter(([name]) => !name.startsWith("cross_stack_output"))
    .map(([name, { description = "" }]) => `- \`${name}\`: ${description}.`)
    .join("\n");
}

/**
 * The document with new text between each pair of markers, `<!-- begin: NAME -->` and `<!-- end -->`.
 *
 * @throws RangeError when a part has no place in the document
 */
export function fillIn(document: string, parts: Readonly<Record<string, string>>): string {
  return Object.entries(parts).reduce((text, [name, part]) => {
    const begin = `<!-- begin: ${name} -->`;
    const start = text.indexOf(begin);
    const end = text.indexOf("<!-- end -->", start);
    if (start < 0 || end < 0) throw new RangeError(`the document has no "${begin}" with an "<!-- end -->" behind it`);
    return `${text.slice(0, start + begin.length)}\n\n${part}\n\n${text.slice(end)}`;
  }, document);
}

interface Place {
  readonly isRequired: boolean;
  /** How many settings it stands inside of. */
  readonly depth: number;
}

function entries(key: string, schema: JsonSchema, place: Place): string[] {
  const { unit, costs, description = "" } = schema;
  const facts = [typeOf(schema) + (unit === undefined ? "" : `, in ${unit}`), ...defaultOf(schema, place)].join("; ");
  const said = [description, ...(costs === undefined ? [] : [`Costs ${costs}.`])].join(" ");
  return [`${"  ".repeat(place.depth)}- \`${key}\` (${facts}): ${said}`, ...innerEntries(key, schema, place)];
}

/** What stands inside, where the schema tells of it. */
function innerEntries(key: string, schema: JsonSchema, { depth }: Place): string[] {
  const inner = schema.items ?? schema;
  const path = schema.items === undefined ? key : `${key}[]`;
  return Object.entries(inner.properties ?? {})
    .filter(([, { description }]) => description !== undefined)
    .flatMap(([name, each]) =>
      entries(`${path}.${name}`, each, { isRequired: inner.required?.includes(name) ?? false, depth: depth + 1 }),
    );
}

function defaultOf(schema: JsonSchema, { isRequired }: Place): string[] {
  if (isRequired) return ["required"];
  return schema.default === undefined ? [] : [`default \`${JSON.stringify(schema.default)}\``];
}

function typeOf(schema: JsonSchema): string {
  const { type = "", anyOf, items, enum: values, const: value } = schema;
  if (value !== undefined) return `\`${JSON.stringify(value)}\``;
  if (values !== undefined) return values.map((each) => `\`${JSON.stringify(each)}\``).join(" or ");
  if (anyOf !== undefined) return anyOf.map(typeOf).join(", or ");
  if (type === "array") return `list of ${plural(typeOf(items ?? {}))}`;
  return TYPE_WORDS[type] ?? "any value";
}

function plural(words: string): string {
  return /^(string|object|number|whole number)$/.test(words) ? `${words}s` : words;
}
