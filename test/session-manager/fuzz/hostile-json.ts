// JSON of the protocol with one member that is not as it should be.
import type { SeededRandom } from "./seeded-random.ts";

interface JsonObject {
  [member: string]: Json;
}

type Json = string | number | boolean | null | Json[] | JsonObject;

/** Values that a member might be given, as they stand in the text: JSON.stringify() would not write some of them. */
const values: readonly string[] = [
  "null",
  "true",
  "0",
  "-1",
  "0.5",
  "1e999",
  "9007199254740993",
  '""',
  '"1e3"',
  '"\\u0000\\u001b[31m\\ud800"',
  `"${"x".repeat(60_000)}"`,
  `"${"%00/../".repeat(100)}"`,
  "[]",
  "[null]",
  "[[]]",
  `${"[".repeat(30_000)}${"]".repeat(30_000)}`,
  `[${"[".repeat(30_000)}${"]".repeat(30_000)}]`,
  `[${"{},".repeat(10_000)}{}]`,
  "{}",
  '{"__proto__":{"length":9}}',
  '[{"toString":null,"valueOf":null}]',
  '{"length":4294967295,"toString":1}',
];

/** Text that is no JSON, or is, and no object. */
const whole: readonly string[] = ["", " ", "{", "}", '{"":}', "[]", "null", "1", '"', "\ufeff{}", "{}{}"];

const MARK = "\u0007mark\u0007";

/** The JSON with one member removed, doubled, misnamed, or of another value. */
export function withOneMemberChanged(valid: object, random: SeededRandom): Buffer {
  const copy = JSON.parse(JSON.stringify(valid)) as JsonObject;
  const holders = objectsIn(copy).filter((object) => Object.keys(object).length > 0);
  const holder = random.oneOf(holders);
  const member = random.oneOf(Object.keys(holder));
  const value = holder[member] ?? null;
  if (random.meets(0.15)) Reflect.deleteProperty(holder, member);
  else if (random.meets(0.1)) holder[member.toLowerCase()] = value;
  else holder[member] = MARK;
  return Buffer.from(JSON.stringify(copy).replace(JSON.stringify(MARK), () => random.oneOf(values)));
}

/** Bytes that are no JSON object, or one that is too long. */
export function brokenJson(valid: object, random: SeededRandom): Buffer {
  const bytes = Buffer.from(JSON.stringify(valid));
  if (random.meets(0.3)) return Buffer.from(random.oneOf(whole));
  if (random.meets(0.3)) return Buffer.concat([bytes, Buffer.alloc(random.oneOf([1, 65_536, 200_000]), " ")]);
  if (random.meets(0.5)) return bytes.subarray(0, random.below(bytes.length));
  bytes.writeUInt8(random.below(256), random.below(bytes.length));
  return bytes;
}

function objectsIn(value: Json): JsonObject[] {
  if (Array.isArray(value)) return value.flatMap(objectsIn);
  if (typeof value !== "object" || value === null) return [];
  return [value, ...Object.values(value).flatMap(objectsIn)];
}
