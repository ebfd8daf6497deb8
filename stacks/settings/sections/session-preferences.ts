// Settings of the account's session preferences: encryption, logs, time limits, and what a shell starts as and with.
import { z } from "zod";
import { bucketName, isNot, label, retentionDays } from "../fields.ts";

const MAX_ALARM_NAME_CHARACTERS = 40;
/** AWS's limit for a shell profile. */
const MAX_PROFILE_CHARACTERS = 512;
const minutes = (most: number): z.ZodInt =>
  z
    .int(isNot("a whole number of minutes"))
    .min(1, isNot(`1 to ${most} minutes, AWS's range`))
    .max(most, isNot(`1 to ${most} minutes, AWS's range`));

const profile = z.string().max(MAX_PROFILE_CHARACTERS, isNot(`at most ${MAX_PROFILE_CHARACTERS} characters`));

const alarm = z.strictObject({
  name: label(MAX_ALARM_NAME_CHARACTERS).meta({ description: "Last part of the alarm's name." }),
  words: z
    .array(z.string().regex(/^[ !#-[\]-~]+$/, isNot("text of printable ASCII without quotes or backslashes")))
    .min(1, isNot("one word or more"))
    .meta({ description: "What it rings for: any of these, as they stand in the log." }),
});

const preferences = z.strictObject({
  import_existing: z.boolean().default(false).meta({
    description:
      "Whether the account's document exists already, because somebody has changed a preference in the console: it is then taken over instead of made.",
  }),
  cloud_watch_logs: z.boolean().default(true).meta({
    description: "Whether shells are logged to an encrypted group of CloudWatch Logs.",
    costs: "$0.50 and more for each GB, and an endpoint for logs in each subnet with `private-link`, $7.30 a month",
  }),
  cloud_watch_streaming_enabled: z.boolean().optional().meta({
    description:
      "Whether the log arrives while the session lasts, as JSON, and not at its end. Default: as `cloud_watch_logs`.",
  }),
  log_retention_days: retentionDays.meta({ description: "How long both logs are kept.", unit: "days" }),
  s3_logs: z.boolean().default(false).meta({
    description: "Whether the log of each shell is put into an encrypted bucket when it ends.",
    costs: "$0.02 a month for each GB; S3's gateway endpoint is free",
  }),
  s3_key_prefix: z
    .string()
    .regex(/^[\w.-]+(\/[\w.-]+)*$/, isNot("the beginning of an object's key, without a slash at its ends"))
    .optional()
    .meta({ description: "Folder of the logs in the bucket. Default: `sessions`." }),
  s3_access_log_bucket: bucketName.optional().meta({
    description: "An existing bucket that gets the log bucket's access log. Default: no access log.",
  }),
  idle_session_timeout: minutes(60)
    .default(20)
    .meta({ description: "Silence after which a session ends.", unit: "minutes" }),
  max_session_duration: minutes(1_440)
    .optional()
    .meta({ description: "Age at which a session ends. Default: no limit.", unit: "minutes" }),
  run_as_enabled: z.boolean().default(false).meta({
    description: "Whether shells start as a user that exists, instead of as `ssm-user`, which the agent makes.",
  }),
  run_as_default_user: z
    .string()
    .regex(/^[a-z_][a-z0-9_-]{0,31}$/, isNot("the name of an OS user"))
    .optional()
    .meta({
      description: "That user; a caller whose principal tag SSMSessionRunAs names another one gets that one.",
    }),
  shell_profile: z
    .strictObject({
      linux: profile.default("").meta({ description: "What is typed into each new shell on Linux." }),
      windows: profile.default("").meta({ description: "The same for Windows." }),
    })
    .prefault({})
    .meta({ description: "Commands that each shell begins with." }),
  alarms: z.array(alarm).default([]).meta({
    description: "Alarms on words in the session log, sent to the audit topic.",
    costs: "$0.40 a month each",
  }),
});

export const sessionPreferencesSettings = {
  session_preferences: preferences.optional().meta({
    description:
      "The account's session preferences in this Region, one for all instances. Leave it out, and they stay what they are; `{}` encrypts and logs.",
    example: { idle_session_timeout: 20, max_session_duration: 480 },
    costs: "$1 a month for their key, and an endpoint for KMS in each subnet with `private-link`, $7.30 a month",
  }),
};

export type SessionPreferences = z.infer<typeof preferences>;
