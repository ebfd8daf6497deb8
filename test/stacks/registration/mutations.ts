// Takes things away from a synthesized stack, one at a time, as a careless change would.
import type { StackJson } from "../../../stacks/registration/terraform-model.ts";

export interface Removal {
  /** `aws_vpc.network_vpc`, or with an argument behind it: `aws_vpc.network_vpc.cidr_block`. */
  readonly path: string;
  /** The stack without it. */
  readonly json: StackJson;
}

const prefixes = { resource: "", data: "data." } as const;

/** Each resource and data source taken away, each argument of each, and each entry of an argument that is a list. */
export function* removals(json: StackJson): Generator<Removal> {
  for (const kind of ["resource", "data"] as const) {
    for (const [type, named] of Object.entries(json[kind] ?? {})) {
      for (const [name, block] of Object.entries(named)) {
        const path = `${prefixes[kind]}${type}.${name}`;
        yield { path, json: without(json, [kind, type, name]) };
        for (const [argument, value] of Object.entries(block).filter(([key]) => key !== "//")) {
          yield { path: `${path}.${argument}`, json: without(json, [kind, type, name, argument]) };
          for (const [index, entry] of entriesOf(value)) {
            const rest = changed(json, [kind, type, name, argument], (list) =>
              (list as unknown[]).filter((_, at) => at !== index),
            );
            yield { path: `${path}.${argument}[${typeof entry === "string" ? entry : index}]`, json: rest };
          }
        }
      }
    }
  }
}

function entriesOf(value: unknown): [number, unknown][] {
  return Array.isArray(value) ? [...(value as unknown[]).entries()] : [];
}

function without(json: StackJson, path: readonly string[]): StackJson {
  return changed(json, path, () => undefined);
}

/** A copy with the value at the path replaced; undefined takes it away. */
export function changed(json: StackJson, path: readonly string[], change: (value: unknown) => unknown): StackJson {
  const copy = structuredClone(json) as Record<string, unknown>;
  const [last = "", ...rest] = [...path].reverse();
  let at = copy;
  for (const step of rest.reverse()) {
    const next = at[step];
    if (typeof next !== "object" || next === null) throw new RangeError(`there is no "${step}" in ${path.join(".")}`);
    at = next as Record<string, unknown>;
  }
  if (!(last in at)) throw new RangeError(`there is no "${last}" in ${path.join(".")}`);
  const value = change(at[last]);
  if (value === undefined) Reflect.deleteProperty(at, last);
  else at[last] = value;
  return copy;
}
