// Whether the audit can be made, and is made where something wants to tell it.
import type { Settings } from "../schema.ts";
import type { Problem } from "../settings-error.ts";
import { bucketNameProblems } from "./bucket-name.ts";

export function auditProblems(settings: Settings): Problem[] {
  return [...subscriberProblems(settings), ...trailProblems(settings), ...unheardAlarms(settings)];
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

/** CloudWatch says nothing when a topic does not exist. */
function unheardAlarms({ audit, session_preferences: preferences }: Settings): Problem[] {
  if (audit !== undefined || preferences === undefined || preferences.alarms.length === 0) return [];
  return [
    {
      message: `"session_preferences.alarms" tell the audit topic, which "audit" makes, and that is not there`,
      cure: 'write "audit": {}, or leave the alarms out',
    },
  ];
}
