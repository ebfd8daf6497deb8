// The audit: whoever subscribes is told of each session and key; a trail of its own keeps the record, where none does.
import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { SnsTopicSubscription } from "@cdktf/provider-aws/lib/sns-topic-subscription/index.js";
import { AccessRules, accessRuleArns } from "./audit/access-rules.ts";
import { EncryptedTopic } from "./audit/encrypted-topic.ts";
import { LockedTrail, trailArn } from "./audit/locked-trail.ts";
import { AwsAccount } from "./aws-account.ts";
import { keepStateIn } from "./backend.ts";
import { EncryptionKey, type KeyUse } from "./encryption-key.ts";
import { NamedStack } from "./named-stack.ts";
import { addProvider } from "./provider.ts";
import type { StackProps } from "./run-app.ts";
import type { Settings } from "./settings.ts";
import type { Audit } from "./settings/sections/audit.ts";

export interface AuditStackProps extends StackProps {
  /** What the settings say of the audit. */
  readonly audit: Audit;
}

/** Name of the topic; alarms of other stacks publish to it, which find it by this name. */
export function auditTopicName({ tag_application, target_environment }: Settings): string {
  return `${tag_application}-${target_environment}-audit`;
}

export class AuditStack extends NamedStack {
  readonly #account: AwsAccount;
  /** Of the topic and the trail; begins all other names. */
  readonly #name: string;

  constructor(scope: Construct, id: string, { settings, backend, audit }: AuditStackProps) {
    super(scope, id);
    keepStateIn(backend, this);
    addProvider(this, settings);
    this.#account = new AwsAccount(this, "current");
    this.#name = auditTopicName(settings);
    const kmsKeyArn = this.#addKey(audit);
    const topic = new EncryptedTopic(this, "topic", {
      account: this.#account,
      name: this.#name,
      kmsKeyArn,
      publishers: [
        { service: "events", sourceArns: accessRuleArns(this.#account, this.#name) },
        { service: "cloudwatch", sourceArns: [this.#account.arn("cloudwatch", `alarm:${prefixOf(settings)}-*`)] },
      ],
    });
    new AccessRules(this, "rule", { name: this.#name, topic });
    audit.subscribers.forEach((endpoint, index) => {
      const id = `subscriber_${index + 1}`;
      new SnsTopicSubscription(this, id, {
        topicArn: topic.topicArn,
        protocol: "email",
        endpoint,
        dependsOn: [topic.policy],
      });
    });
    new TerraformOutput(this, "audit_topic_arn", {
      value: topic.topicArn,
      description: "Is told of each session and key; queues, chats and addresses may subscribe",
    });
    if (audit.trail !== undefined) this.#addTrail(audit.trail, kmsKeyArn);
  }

  get #logGroupName(): string {
    return `/aws/cloudtrail/${this.#name}`;
  }

  #addKey({ trail }: Audit): string {
    // EventBridge and CloudWatch name no source to KMS that a condition could hold on to.
    const publishers: KeyUse[] = ["events", "cloudwatch"].map((service) => ({
      service,
      actions: ["kms:Decrypt", "kms:GenerateDataKey"],
    }));
    const cloudTrail: KeyUse = {
      service: "cloudtrail",
      actions: ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
      condition: { ArnEquals: { "aws:SourceArn": trailArn(this.#account, this.#name) } },
    };
    return new EncryptionKey(this, "key", {
      account: this.#account,
      name: this.#name,
      description: "Who has reached which instance: messages and records",
      uses: trail === undefined ? publishers : [...publishers, cloudTrail],
      ...(trail === undefined ? {} : { logGroupName: this.#logGroupName, isKept: true }),
    }).arn;
  }

  #addTrail(trail: NonNullable<Audit["trail"]>, kmsKeyArn: string): void {
    const { bucketName } = new LockedTrail(this, "trail", {
      account: this.#account,
      name: this.#name,
      logGroupName: this.#logGroupName,
      kmsKeyArn,
      retentionDays: trail.retention_days,
      accessLogBucket: trail.access_log_bucket,
    });
    new TerraformOutput(this, "audit_log_bucket", { value: bucketName, description: "Holds the trail's locked files" });
    new TerraformOutput(this, "audit_log_group", {
      value: this.#logGroupName,
      description: "Has the trail's records, to search in",
    });
  }
}

function prefixOf({ tag_application, target_environment }: Settings): string {
  return `${tag_application}-${target_environment}`;
}
