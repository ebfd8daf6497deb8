// Whether the session preferences can work together, with the bastion's image, and with the audit that they ring.
import type { Settings } from "../schema.ts";
import type { SessionPreferences } from "../sections/session-preferences.ts";
import type { Problem } from "../settings-error.ts";
import { bucketNameProblems } from "./bucket-name.ts";

const KEY = "session_preferences";

export function sessionPreferencesProblems(settings: Settings): Problem[] {
  const preferences = settings.session_preferences;
  if (preferences === undefined) return [];
  return [
    ...logProblems(preferences),
    ...bucketProblems(preferences, settings),
    ...alarmProblems(preferences, settings),
    ...durationProblems(preferences),
    ...runAsProblems(preferences, settings),
  ];
}

function logProblems(preferences: SessionPreferences): Problem[] {
  const { cloud_watch_logs, cloud_watch_streaming_enabled, s3_logs } = preferences;
  return [
    ...problemIf(!cloud_watch_logs && !s3_logs, {
      message: `"${KEY}" switches both logs off, "cloud_watch_logs" and "s3_logs"`,
      cure: `leave "cloud_watch_logs" out, or write "s3_logs": true: a shell that nobody can read later is no bastion's`,
    }),
    ...problemIf(cloud_watch_streaming_enabled === true && !cloud_watch_logs, {
      message: `"${KEY}.cloud_watch_streaming_enabled": there is no log group to stream to, since "cloud_watch_logs" is false`,
      cure: `leave "cloud_watch_logs" out, or "cloud_watch_streaming_enabled"`,
    }),
  ];
}

function bucketProblems(preferences: SessionPreferences, settings: Settings): Problem[] {
  const { s3_logs } = preferences;
  const unused = (["s3_key_prefix", "s3_access_log_bucket"] as const).filter((key) => preferences[key] !== undefined);
  return [
    ...(s3_logs ? [] : unused).map((key) => ({
      message: `"${KEY}.${key}" is for a log bucket, and there is none`,
      cure: `write "s3_logs": true, or leave "${key}" out`,
    })),
    ...(s3_logs ? bucketNameProblems(`${KEY}.s3_logs`, "sessions", settings) : []),
  ];
}

function alarmProblems({ alarms, cloud_watch_logs }: SessionPreferences, settings: Settings): Problem[] {
  if (alarms.length === 0) return [];
  const names = alarms.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  return [
    ...problemIf(!cloud_watch_logs, {
      message: `"${KEY}.alarms" need the words in CloudWatch Logs, and "cloud_watch_logs" is false`,
      cure: `leave "cloud_watch_logs" out, or "alarms"`,
    }),
    ...problemIf(settings.audit === undefined, {
      message: `"${KEY}.alarms" ring the audit topic, and "audit" is off`,
      cure: `write "audit": {}, or leave "alarms" out`,
    }),
    ...(twice === undefined
      ? []
      : [{ message: `"${KEY}.alarms": "${twice}" stands there twice`, cure: "give each alarm a name of its own" }]),
  ];
}

function durationProblems({
  idle_session_timeout: idle,
  max_session_duration: longest,
}: SessionPreferences): Problem[] {
  return problemIf(longest !== undefined && idle > longest, {
    message: `"${KEY}.idle_session_timeout": ${idle} minutes are more than "max_session_duration", ${longest ?? 0}: no session could be idle for so long`,
    cure: "lower the one, or raise the other",
  });
}

/** The user of the other image, which does not exist on this one: the agent would refuse every shell. */
const STRANGERS = { al2023: "ubuntu", al2: "ubuntu", ubuntu: "ec2-user" } as const;

function runAsProblems(preferences: SessionPreferences, { image }: Settings): Problem[] {
  const { run_as_enabled, run_as_default_user: user } = preferences;
  return [
    ...problemIf(run_as_enabled && user === undefined, {
      message: `"${KEY}.run_as_enabled" names no user, and without one no shell starts`,
      cure: `write "run_as_default_user": "${image === "ubuntu" ? "ubuntu" : "ec2-user"}"`,
    }),
    ...problemIf(!run_as_enabled && user !== undefined, {
      message: `"${KEY}.run_as_default_user": "${user ?? ""}" is nobody's, since "run_as_enabled" is false`,
      cure: `write "run_as_enabled": true, or leave the user out`,
    }),
    ...problemIf(run_as_enabled && user === STRANGERS[image], {
      message: `"${KEY}.run_as_default_user": "${user ?? ""}" does not exist on "image", "${image}", and without it no shell starts`,
      cure: `write "run_as_default_user": "${image === "ubuntu" ? "ubuntu" : "ec2-user"}"`,
    }),
  ];
}

function problemIf(isMet: boolean, problem: Problem): Problem[] {
  return isMet ? [problem] : [];
}
