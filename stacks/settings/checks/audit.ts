// Whether the audit can be made, and is made where something wants to tell it.
import type { Settings } from "../schema.ts";
import type { Problem } from "../settings-error.ts";

/** S3's limit for a bucket's name, less `-audit-`, the account's id, a hyphen and the longest Region. */
const MAX_PREFIX_CHARACTERS = 63 - "-audit-".length - 12 - 1 - "ap-southeast-1".length;

export function auditProblems(settings: Settings): Problem[] {
  return [...subscriberProblems(settings), ...bucketNameProblems(settings), ...unheardAlarms(settings)];
}

function subscriberProblems({ audit }: Settings): Problem[] {
  const subscribers = audit?.subscribers ?? [];
  const twice = new Set(subscribers.filter((address, index) => subscribers.indexOf(address) < index));
  return [...twice].map((address) => ({
    message: `"audit.subscribers": "${address}" stands there twice`,
    cure: "leave one of them out",
  }));
}

function bucketNameProblems({ audit, tag_application, target_environment }: Settings): Problem[] {
  const prefix = `${tag_application}-${target_environment}`;
  if (audit?.trail === undefined || prefix.length <= MAX_PREFIX_CHARACTERS) return [];
  return [
    {
      message: `"audit.trail": the name of its bucket would be too long with "${prefix}" in it`,
      cure: `shorten tag_application or target_environment to ${MAX_PREFIX_CHARACTERS} characters in all, with a hyphen between`,
    },
  ];
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
