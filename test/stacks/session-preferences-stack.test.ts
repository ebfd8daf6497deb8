// The account's session preferences, as Terraform gets them, and what the bastion gets with them.
import { describe, expect, it } from "@jest/globals";
import { addresses, dataSource, resource, synthesize, type Arguments, type Synthesized } from "./synthesized.ts";

const stack = "session-preferences";
const ACCOUNT = "${data.aws_caller_identity.current_caller.account_id}";
const REGION = "${data.aws_region.current_region.name}";
const LOG_GROUP = "/aws/ssm/session-manager/sandbox-dev";
const KEY =
  "${data.terraform_remote_state.cross_stack_reference_input_session_preferences.outputs.cross_stack_output_aws_kms_key_key_arn}";

const preferencesOf = (preferences: object, more: object = {}): Synthesized =>
  synthesize({ session_preferences: preferences, ...more }, { stack });
const bastionOf = (preferences: object): Synthesized => synthesize({ session_preferences: preferences });

/** The document's inputs. */
function inputs(synthesized: Synthesized): Arguments {
  const { content } = resource(synthesized, "aws_ssm_document.preferences") as { readonly content: string };
  return (JSON.parse(content) as { readonly inputs: Arguments }).inputs;
}

/** What the bastion's role may call beside sessions, as sid → arguments of the statement. */
function statements(synthesized: Synthesized): Record<string, Arguments> {
  const document = dataSource(synthesized, "aws_iam_policy_document.bastion_role_features_document");
  return Object.fromEntries((document["statement"] as Arguments[]).map((each) => [String(each["sid"]), each]));
}

describe("session preferences that are left out", () => {
  it("have no stack", () => {
    expect(() => synthesize({}, { stack })).toThrow("ENOENT");
  });
});

describe("session preferences", () => {
  const plain = preferencesOf({});

  it("are key, log group and document", () => {
    expect(addresses(plain)).toEqual([
      "aws_cloudwatch_log_group.log_group",
      "aws_kms_alias.key_alias",
      "aws_kms_key.key",
      "aws_ssm_document.preferences",
    ]);
  });

  it("encrypt, stream to an encrypted group, and end a session after 20 idle minutes", () => {
    expect(resource(plain, "aws_ssm_document.preferences")).toMatchObject({
      name: "SSM-SessionManagerRunShell",
      document_type: "Session",
    });
    expect(inputs(plain)).toEqual({
      kmsKeyId: "${aws_kms_key.key.arn}",
      cloudWatchLogGroupName: "${aws_cloudwatch_log_group.log_group.name}",
      cloudWatchEncryptionEnabled: true,
      cloudWatchStreamingEnabled: true,
      s3BucketName: "",
      s3KeyPrefix: "",
      s3EncryptionEnabled: false,
      idleSessionTimeout: "20",
      maxSessionDuration: "",
      runAsEnabled: false,
      runAsDefaultUser: "",
      shellProfile: { linux: "", windows: "" },
    });
  });

  it("let CloudWatch Logs use the key for their group alone", () => {
    expect(String(resource(plain, "aws_kms_key.key")["policy"])).toContain(
      `{"ArnEquals":{"kms:EncryptionContext:aws:logs:arn":"arn:\${data.aws_partition.current_partition.partition}:logs:${REGION}:${ACCOUNT}:log-group:${LOG_GROUP}"}}`,
    );
  });

  it("name times as text of minutes, the user and the profile", () => {
    const shellProfile = { linux: "cd; exec bash", windows: "" };
    const run = { run_as_enabled: true, run_as_default_user: "ec2-user", shell_profile: { linux: "cd; exec bash" } };
    expect(inputs(preferencesOf({ idle_session_timeout: 5, max_session_duration: 480, ...run }))).toMatchObject({
      idleSessionTimeout: "5",
      maxSessionDuration: "480",
      runAsEnabled: true,
      runAsDefaultUser: "ec2-user",
      shellProfile,
    });
  });

  it("log to a private bucket too, and delete what is as old as the group's", () => {
    const logged = preferencesOf({ s3_logs: true, log_retention_days: 400 });
    expect(inputs(logged)).toMatchObject({
      s3BucketName: "${aws_s3_bucket.log_bucket.bucket}",
      s3KeyPrefix: "sessions",
      s3EncryptionEnabled: true,
    });
    expect(resource(logged, "aws_s3_bucket.log_bucket")["bucket"]).toBe(`sandbox-dev-sessions-${ACCOUNT}-${REGION}`);
    const [rule] = resource(logged, "aws_s3_bucket_lifecycle_configuration.log_bucket_lifecycle")[
      "rule"
    ] as Arguments[];
    expect(rule).toMatchObject({ status: "Enabled", expiration: [{ days: 400 }] });
    expect(resource(logged, "aws_cloudwatch_log_group.log_group")["retention_in_days"]).toBe(400);
  });

  it("do without a log group where the bucket is enough", () => {
    const logged = preferencesOf({ cloud_watch_logs: false, s3_logs: true });
    expect(addresses(logged)).not.toContain("aws_cloudwatch_log_group.log_group");
    expect(inputs(logged)).toMatchObject({ cloudWatchLogGroupName: "", cloudWatchEncryptionEnabled: false });
  });

  it("ring the audit topic in the minute in which one of the words is logged", () => {
    const alarms = [{ name: "root", words: ["sudo su", "sudo -i"] }];
    const rung = preferencesOf({ alarms }, { audit: {} });
    expect(resource(rung, "aws_cloudwatch_log_metric_filter.alarm_root_words")).toMatchObject({
      log_group_name: "${aws_cloudwatch_log_group.log_group.name}",
      pattern: '?"sudo su" ?"sudo -i"',
    });
    expect(resource(rung, "aws_cloudwatch_metric_alarm.alarm_root_alarm")).toMatchObject({
      alarm_name: "sandbox-dev-session-root",
      statistic: "Sum",
      period: 60,
      threshold: 1,
      alarm_actions: [
        `arn:\${data.aws_partition.current_partition.partition}:sns:${REGION}:${ACCOUNT}:sandbox-dev-audit`,
      ],
    });
  });

  it("take a document over that exists already", () => {
    const { json } = preferencesOf({ import_existing: true });
    expect(json).toMatchObject({
      import: [{ id: "SSM-SessionManagerRunShell", to: "aws_ssm_document.preferences" }],
    });
  });
});

describe("an instance under session preferences", () => {
  it("may decrypt the data keys of its own sessions, and write their log", () => {
    const allowed = statements(bastionOf({}));
    expect(Object.keys(allowed)).toEqual(["SessionDataKey", "FindLogGroup", "WriteSessionLog"]);
    expect(allowed["SessionDataKey"]).toMatchObject({
      actions: ["kms:Decrypt"],
      resources: [KEY],
      condition: [{ test: "StringLike", variable: "kms:EncryptionContext:aws:ssm:TargetId", values: ["i-*"] }],
    });
  });

  it("may put objects into the log's folder, and nothing else in the bucket", () => {
    const allowed = statements(bastionOf({ s3_logs: true, s3_key_prefix: "shells/bastion" }));
    const bucket = `arn:\${data.aws_partition.current_partition.partition}:s3:::sandbox-dev-sessions-${ACCOUNT}-${REGION}`;
    expect(allowed["PutSessionLog"]).toMatchObject({
      actions: ["s3:PutObject"],
      resources: [`${bucket}/shells/bastion/*`],
    });
    expect(allowed["SessionLogKey"]).toMatchObject({ condition: [{ variable: "kms:ViaService" }] });
  });

  it("reaches KMS and CloudWatch Logs by endpoints that pass just that", () => {
    const bastion = bastionOf({});
    const policyOf = (service: string): string =>
      String(resource(bastion, `aws_vpc_endpoint.endpoint_${service}`)["policy"]);
    expect(policyOf("kms")).toContain("kms:EncryptionContext:aws:ssm:TargetId");
    expect(policyOf("logs")).toContain("logs:PutLogEvents");
  });

  it("has neither endpoint where there are no preferences", () => {
    const endpoints = addresses(synthesize()).filter((address) => address.startsWith("aws_vpc_endpoint."));
    expect(endpoints).toEqual([
      "aws_vpc_endpoint.endpoint_ec2messages",
      "aws_vpc_endpoint.endpoint_ssm",
      "aws_vpc_endpoint.endpoint_ssmmessages",
    ]);
  });
});
