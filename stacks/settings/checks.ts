// What each setting alone cannot show: whether the values can work together, as AWS would find out an hour later.
import { accessProblems } from "./checks/access.ts";
import { associationProblems } from "./checks/associations.ts";
import { auditProblems } from "./checks/audit.ts";
import { databaseDemoProblems } from "./checks/database-demo.ts";
import { networkKindProblems } from "./checks/network-kind.ts";
import { networkProblems } from "./checks/network.ts";
import { patchingProblems } from "./checks/patching.ts";
import { sessionPreferencesProblems } from "./checks/session-preferences.ts";
import { targetProblems } from "./checks/targets.ts";
import type { Settings } from "./schema.ts";
import type { Problem } from "./settings-error.ts";

/** All problems of settings whose single values are right. */
export function checkSettings(settings: Settings): Problem[] {
  // Addresses of a network of another kind are no addresses to be looked at.
  const kindProblems = networkKindProblems(settings);
  const ofNetwork = kindProblems.length > 0 ? kindProblems : networkProblems(settings);
  return [
    ...ofNetwork,
    ...targetProblems(settings),
    ...patchingProblems(settings),
    ...sessionPreferencesProblems(settings),
    ...accessProblems(settings),
    ...auditProblems(settings),
    ...associationProblems(settings),
    ...databaseDemoProblems(settings),
    ...duplicateProblems(settings),
  ];
}

function duplicateProblems({ targets, bastion_host_policy }: Settings): Problem[] {
  const lists = {
    "targets[].name": targets.map(({ name }) => name),
    "bastion_host_policy.managed_policy_arns": bastion_host_policy.managed_policy_arns,
  };
  return Object.entries(lists).flatMap(([key, values]) =>
    [...new Set(values.filter((value, index) => values.indexOf(value) < index))].map((value) => ({
      message: `"${key}": "${value}" stands there twice`,
      cure: "leave one of them out",
    })),
  );
}
