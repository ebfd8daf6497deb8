// The audit as Terraform gets it.
import { describe, expect, it } from "@jest/globals";
import { addresses, resource, resources, synthesize, type Synthesized } from "./synthesized.ts";

const NAME = "sandbox-dev-audit";
const ofAudit = { stack: "audit" } as const;
const alone = synthesize({ audit: { subscribers: ["ada@example.com", "eve@example.com"] } }, ofAudit);
const withTrail = synthesize({ audit: { trail: { retention_days: 400 } } }, ofAudit);

interface Statement {
  readonly Principal: { readonly Service?: string };
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | string[]>>>>;
}

function statements(synthesized: Synthesized, address: string): Statement[] {
  const { policy } = resource(synthesized, address);
  return (JSON.parse(String(policy)) as { Statement: Statement[] }).Statement;
}

/** The ARN without the account's parts, which Terraform fills in. */
const tail = (arn: string): string => arn.replace(/\$\{[^}]*\}/g, "*");

describe("the audit", () => {
  it("is no stack where the settings do not ask for it", () => {
    expect(() => synthesize({}, ofAudit)).toThrow(/ENOENT/);
  });

  // Changing one replaces the resource behind it: say so in CHANGELOG.md ("replaces").
  it("has these addresses", () => {
    expect(addresses(alone)).toEqual([
      "aws_cloudwatch_event_rule.rule_keys",
      "aws_cloudwatch_event_rule.rule_sessions",
      "aws_cloudwatch_event_target.rule_keys_target",
      "aws_cloudwatch_event_target.rule_sessions_target",
      "aws_kms_alias.key_alias",
      "aws_kms_key.key",
      "aws_sns_topic.topic",
      "aws_sns_topic_policy.topic_policy",
      "aws_sns_topic_subscription.subscriber_1",
      "aws_sns_topic_subscription.subscriber_2",
    ]);
    expect(addresses(withTrail).filter((address) => address.includes(".trail"))).toEqual([
      "aws_cloudtrail.trail",
      "aws_cloudwatch_log_group.trail_log_group",
      "aws_iam_role.trail_role",
      "aws_iam_role_policy.trail_role_policy",
      "aws_s3_bucket.trail_bucket",
      "aws_s3_bucket_lifecycle_configuration.trail_bucket_lifecycle",
      "aws_s3_bucket_notification.trail_bucket_notification",
      "aws_s3_bucket_object_lock_configuration.trail_bucket_lock",
      "aws_s3_bucket_ownership_controls.trail_bucket_ownership",
      "aws_s3_bucket_policy.trail_bucket_policy",
      "aws_s3_bucket_public_access_block.trail_bucket_public_access",
      "aws_s3_bucket_server_side_encryption_configuration.trail_bucket_encryption",
      "aws_s3_bucket_versioning.trail_bucket_versioning",
      "aws_sns_topic.trail_delivery",
      "aws_sns_topic_policy.trail_delivery_policy",
    ]);
  });

  it.each([
    ["sessions", "ssm", ["StartSession", "ResumeSession", "TerminateSession"]],
    ["keys", "ec2-instance-connect", ["SendSSHPublicKey", "SendSerialConsoleSSHPublicKey", "OpenTunnel"]],
  ])("has a rule on %s that leaves out no refused call", (what, service, calls) => {
    const rule = resource(alone, `aws_cloudwatch_event_rule.rule_${what}`);
    expect(JSON.parse(String(rule["event_pattern"]))).toEqual({
      source: [`aws.${service}`],
      "detail-type": ["AWS API Call via CloudTrail"],
      detail: { eventSource: [`${service}.amazonaws.com`], eventName: calls },
    });
  });

  it("has a topic whose name alarms of other stacks know", () => {
    expect(resource(alone, "aws_sns_topic.topic")["name"]).toBe(NAME);
  });

  it("lets its own rules and the application's alarms publish, and nobody else", () => {
    const allowed = statements(alone, "aws_sns_topic_policy.topic_policy").map(({ Principal, Condition }) => [
      Principal.Service,
      [Condition?.["ArnLike"]?.["aws:SourceArn"] ?? []].flat().map(tail),
    ]);
    expect(allowed).toEqual([
      ["events.amazonaws.com", [`arn:*:events:*:*:rule/${NAME}-sessions`, `arn:*:events:*:*:rule/${NAME}-keys`]],
      ["cloudwatch.amazonaws.com", ["arn:*:cloudwatch:*:*:alarm:sandbox-dev-*"]],
    ]);
  });

  it("lets those who publish use the topic's key, and CloudTrail for its own trail only", () => {
    const services = (synthesized: Synthesized) =>
      statements(synthesized, "aws_kms_key.key").flatMap(({ Principal }) => Principal.Service ?? []);
    expect(services(alone)).toEqual(["events.amazonaws.com", "cloudwatch.amazonaws.com"]);
    expect(services(withTrail).map(tail)).toEqual([
      "logs.*.*",
      "events.amazonaws.com",
      "cloudwatch.amazonaws.com",
      "cloudtrail.amazonaws.com",
    ]);
    const [cloudTrail] = statements(withTrail, "aws_kms_key.key").slice(-1);
    expect(tail(String(cloudTrail?.Condition?.["ArnEquals"]?.["aws:SourceArn"]))).toBe(
      `arn:*:cloudtrail:*:*:trail/${NAME}`,
    );
  });
});

describe("the audit's trail", () => {
  it("has a bucket that is locked and kept, and a group that keeps as long", () => {
    expect(resource(withTrail, "aws_s3_bucket.trail_bucket")).toMatchObject({
      object_lock_enabled: true,
      lifecycle: { prevent_destroy: true },
    });
    expect(resource(withTrail, "aws_s3_bucket_object_lock_configuration.trail_bucket_lock")["rule"]).toEqual({
      default_retention: { mode: "GOVERNANCE", days: 400 },
    });
    expect(resource(withTrail, "aws_cloudwatch_log_group.trail_log_group")["retention_in_days"]).toBe(400);
    expect(resource(withTrail, "aws_kms_key.key")).toMatchObject({ lifecycle: { prevent_destroy: true } });
  });

  it("writes to its bucket in its own name only", () => {
    const writers = statements(withTrail, "aws_s3_bucket_policy.trail_bucket_policy").slice(-2);
    for (const { Principal, Condition } of writers) {
      expect(Principal.Service).toBe("cloudtrail.amazonaws.com");
      expect(tail(String(Condition?.["StringEquals"]?.["aws:SourceArn"]))).toBe(`arn:*:cloudtrail:*:*:trail/${NAME}`);
    }
    expect(writers).toHaveLength(2);
  });

  it("begins when what it writes to lets it in", () => {
    const [trail = {}] = Object.values(resources(withTrail, "aws_cloudtrail"));
    expect(trail["depends_on"]).toEqual([
      "aws_s3_bucket_policy.trail_bucket_policy",
      "aws_sns_topic_policy.trail_delivery_policy",
      "aws_iam_role_policy.trail_role_policy",
    ]);
  });
});

describe("settings of the audit", () => {
  it.each([
    [{ audit: { subscribers: ["ada"] } }, '"audit.subscribers[0]": "ada" is not an e-mail address'],
    [
      { audit: { subscribers: ["a@example.com", "a@example.com"] } },
      'subscribers": "a@example.com" stands there twice',
    ],
    [{ audit: { trail: { retention_days: 30 } } }, "30 is not one of CloudWatch's 365"],
    [{ audit: { mail: [] } }, '"audit.mail": is not a setting'],
    [
      { tag_application: "a-rather-long-name", target_environment: "production-eu", audit: { trail: {} } },
      '"audit.trail": the name of its bucket would be too long',
    ],
  ])("%j are refused", (settings, complaint) => {
    const { exitCode, complaint: met } = synthesize(settings);
    expect({ exitCode, met }).toEqual({ exitCode: 65, met: expect.stringContaining(complaint) });
    expect(met).toContain("stacks: hint: ");
  });
});
