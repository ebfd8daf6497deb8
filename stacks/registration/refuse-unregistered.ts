// Stops synthesis of a stack whose bastion would say TargetNotConnected, and names the broken link.
import { SettingsError, SettingsExitCode, type Problem } from "../settings/settings-error.ts";
import { proveRegistrations, type Proof } from "./prove-registration.ts";
import type { StackJson } from "./terraform-model.ts";

/**
 * Proves that the stack's instances will register; returns what it cannot prove, a line for the terminal each.
 *
 * @throws SettingsError (70) with the first broken link of each instance
 */
export function refuseUnregistered(stackId: string, json: StackJson): string[] {
  const proofs = proveRegistrations(json);
  const problems = proofs.flatMap(problemsOf);
  if (problems.length > 0) throw new SettingsError(`stack "${stackId}"`, problems, SettingsExitCode.Software);
  const unproven = [...new Set(proofs.flatMap(({ outside }) => outside))];
  if (unproven.length === 0) return [];
  const note = `stacks: note: stack "${stackId}": not provable here, because it lies outside the stack: ${unproven.join("; ")}`;
  return [note, "stacks: note: once it is deployed, ./scripts/doctor.ts looks at it"];
}

function problemsOf({ instance, broken, consequence }: Proof): Problem[] {
  if (broken === undefined) return [];
  return [{ message: `${instance} ${consequence}: ${broken.link}: ${broken.met}`, cure: broken.cure }];
}
