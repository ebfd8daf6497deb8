// Session preferences that contradict themselves: refused at synthesis, with key and cure.
import { describe, expect, it } from "@jest/globals";
import { synthesize } from "../../synthesized.ts";

interface Case {
  readonly what: string;
  readonly preferences: object;
  readonly settings?: object;
  readonly error: string;
  readonly hint: string;
}

const alarm = { name: "sudo", words: ["sudo su"] };

const cases: readonly Case[] = [
  {
    what: "no log at all",
    preferences: { cloud_watch_logs: false },
    error: '"session_preferences" switches both logs off, "cloud_watch_logs" and "s3_logs"',
    hint: 'leave "cloud_watch_logs" out, or write "s3_logs": true: a shell that nobody can read later is no bastion\'s',
  },
  {
    what: "streaming without a log group",
    preferences: { cloud_watch_logs: false, s3_logs: true, cloud_watch_streaming_enabled: true },
    error:
      '"session_preferences.cloud_watch_streaming_enabled": there is no log group to stream to, since "cloud_watch_logs" is false',
    hint: 'leave "cloud_watch_logs" out, or "cloud_watch_streaming_enabled"',
  },
  {
    what: "a folder without a bucket",
    preferences: { s3_key_prefix: "shells" },
    error: '"session_preferences.s3_key_prefix" is for a log bucket, and there is none',
    hint: 'write "s3_logs": true, or leave "s3_key_prefix" out',
  },
  {
    what: "a bucket's name that is too long",
    preferences: { s3_logs: true },
    settings: { tag_application: "a".repeat(20), target_environment: "b".repeat(15) },
    error:
      '"session_preferences.s3_logs": the name of its bucket would be too long with "aaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbb" in it',
    hint: "shorten tag_application or target_environment to 26 characters in all, with a hyphen between",
  },
  {
    what: "an alarm without the audit that it rings",
    preferences: { alarms: [alarm] },
    error: '"session_preferences.alarms" ring the audit topic, and "audit" is off',
    hint: 'write "audit": {}, or leave "alarms" out',
  },
  {
    what: "an alarm on a log that is not in CloudWatch",
    preferences: { alarms: [alarm], cloud_watch_logs: false, s3_logs: true },
    settings: { audit: {} },
    error: '"session_preferences.alarms" need the words in CloudWatch Logs, and "cloud_watch_logs" is false',
    hint: 'leave "cloud_watch_logs" out, or "alarms"',
  },
  {
    what: "two alarms of one name",
    preferences: { alarms: [alarm, alarm] },
    settings: { audit: {} },
    error: '"session_preferences.alarms": "sudo" stands there twice',
    hint: "give each alarm a name of its own",
  },
  {
    what: "words that no filter can hold",
    preferences: { alarms: [{ name: "quote", words: ['say "no"'] }] },
    error:
      '"session_preferences.alarms[0].words[0]": "say \\"no\\"" is not text of printable ASCII without quotes or backslashes',
    hint: 'write "session_preferences": {"idle_session_timeout":20,"max_session_duration":480}',
  },
  {
    what: "an idle time that is longer than the session",
    preferences: { idle_session_timeout: 30, max_session_duration: 15 },
    error:
      '"session_preferences.idle_session_timeout": 30 minutes are more than "max_session_duration", 15: no session could be idle for so long',
    hint: "lower the one, or raise the other",
  },
  {
    what: "an idle time out of AWS's range",
    preferences: { idle_session_timeout: 61 },
    error: '"session_preferences.idle_session_timeout": 61 is not 1 to 60 minutes, AWS\'s range',
    hint: 'write "session_preferences": {"idle_session_timeout":20,"max_session_duration":480}',
  },
  {
    what: "a duration out of AWS's range",
    preferences: { max_session_duration: 0 },
    error: '"session_preferences.max_session_duration": 0 is not 1 to 1440 minutes, AWS\'s range',
    hint: 'write "session_preferences": {"idle_session_timeout":20,"max_session_duration":480}',
  },
  {
    what: "a log that is not kept for a year",
    preferences: { log_retention_days: 30 },
    error:
      '"session_preferences.log_retention_days": 30 is not one of CloudWatch\'s 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653',
    hint: 'write "session_preferences": {"idle_session_timeout":20,"max_session_duration":480}',
  },
  {
    what: "endpoints that have no room beside the bastions",
    preferences: {},
    settings: { bastion_count: 7 },
    error: '"bastion_count": 7 do not fit: "vpc_private_subnets[0]" has 11 free addresses, 12 are needed',
    hint: "lower bastion_count, or take larger subnets",
  },
  {
    what: "run-as without a user",
    preferences: { run_as_enabled: true },
    error: '"session_preferences.run_as_enabled" names no user, and without one no shell starts',
    hint: 'write "run_as_default_user": "ec2-user"',
  },
  {
    what: "a user without run-as",
    preferences: { run_as_default_user: "ec2-user" },
    error: '"session_preferences.run_as_default_user": "ec2-user" is nobody\'s, since "run_as_enabled" is false',
    hint: 'write "run_as_enabled": true, or leave the user out',
  },
  {
    what: "a user that the image does not have",
    preferences: { run_as_enabled: true, run_as_default_user: "ec2-user" },
    settings: { image: "ubuntu" },
    error:
      '"session_preferences.run_as_default_user": "ec2-user" does not exist on "image", "ubuntu", and without it no shell starts',
    hint: 'write "run_as_default_user": "ubuntu"',
  },
];

describe("session preferences", () => {
  it.each(cases)("with $what are refused, and nothing else of them", ({ preferences, settings = {}, error, hint }) => {
    const { complaint, exitCode } = synthesize({ session_preferences: preferences, ...settings });
    expect(complaint).toBe(`stacks: error: dev.tfvars.json: ${error}\nstacks: hint: ${hint}\n`);
    expect(exitCode).toBe(65);
  });
});
