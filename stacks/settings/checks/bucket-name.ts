// Whether the name of a bucket would fit: S3 allows less than application, environment, account and Region can take together.
import type { Settings } from "../schema.ts";
import type { Problem } from "../settings-error.ts";

const MAX_CHARACTERS = 63;
const ACCOUNT_ID = "111122223333";
/** The Region may come from the environment, so the longest must fit. */
const LONGEST_REGION = "ap-southeast-1";

/** Of a bucket `APPLICATION-ENVIRONMENT-PURPOSE-ACCOUNT-REGION` that `key` asks for. */
export function bucketNameProblems(key: string, purpose: string, settings: Settings): Problem[] {
  const prefix = `${settings.tag_application}-${settings.target_environment}`;
  const longestPrefix = MAX_CHARACTERS - `-${purpose}-${ACCOUNT_ID}-${LONGEST_REGION}`.length;
  if (prefix.length <= longestPrefix) return [];
  return [
    {
      message: `"${key}": the name of its bucket would be too long with "${prefix}" in it`,
      cure: `shorten tag_application or target_environment to ${longestPrefix} characters in all, with a hyphen between`,
    },
  ];
}
