// Whether the audit can be made.
import type { Settings } from "../schema.ts";
import type { Problem } from "../settings-error.ts";
import { bucketNameProblems } from "./bucket-name.ts";

export function auditProblems(settings: Settings): Problem[] {
  return [...subscriberProblems(settings), ...trailProblems(settings)];
}

function subscriberProblems({ audit }: Settings): Problem[] {
  const subscribers = audit?.subscribers ?? [];
  const twice = new Set(subscribers.filter((address, index) => subscribers.indexOf(address) < index));
  return [...twice].map((address) => ({
    message: `"audit.subscribers": "${address}" stands there twice`,
    cure: "leave one of them out",
  }));
}

function trailProblems(settings: Settings): Problem[] {
  return settings.audit?.trail === undefined ? [] : bucketNameProblems("audit.trail", "audit", settings);
}
