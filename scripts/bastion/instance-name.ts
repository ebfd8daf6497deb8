// How an instance is named to a person.
import type { Instance } from "../command/aws-ports.ts";
import { quoted } from "../errors/printable.ts";

/** Name tag and id, printable. */
export function nameOf({ instanceId, name }: Pick<Instance, "instanceId" | "name">): string {
  return name === undefined ? quoted(instanceId) : `${quoted(name)} (${instanceId})`;
}
