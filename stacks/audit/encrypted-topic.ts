// A topic of SNS, encrypted with a key of the account's own, that only named services publish to.
import { Construct } from "constructs";
import { SnsTopic } from "@cdktf/provider-aws/lib/sns-topic/index.js";
import { SnsTopicPolicy } from "@cdktf/provider-aws/lib/sns-topic-policy/index.js";
import type { AwsAccount } from "../aws-account.ts";
import { MAIN_RESOURCE } from "../named-stack.ts";

/** A service of AWS that publishes, for what is named and nothing else. */
export interface Publisher {
  /** The first part of its principal: `events`. */
  readonly service: string;
  /** ARNs, or patterns of such, of the rules, alarms or trails that it publishes for. */
  readonly sourceArns: readonly string[];
}

export interface EncryptedTopicProps {
  /** Where it is. */
  readonly account: AwsAccount;
  /** The topic's name. */
  readonly name: string;
  /** What its messages are encrypted with; its policy must let the publishers use it. */
  readonly kmsKeyArn: string;
  /** Who publishes. */
  readonly publishers: readonly Publisher[];
}

export class EncryptedTopic extends Construct {
  /** Built from its name, so that it is known in the plan. */
  readonly topicArn: string;
  readonly topicName: string;
  /** Must exist before anything is published. */
  readonly policy: SnsTopicPolicy;

  constructor(scope: Construct, id: string, { account, name, kmsKeyArn, publishers }: EncryptedTopicProps) {
    super(scope, id);
    const topic = new SnsTopic(this, MAIN_RESOURCE, { name, kmsMasterKeyId: kmsKeyArn, tags: { Name: name } });
    this.topicName = topic.name;
    this.topicArn = account.arn("sns", name);
    this.policy = new SnsTopicPolicy(this, "policy", {
      arn: topic.arn,
      policy: topicPolicy(this.topicArn, publishers),
    });
  }
}

/** Whoever of the account may publish or subscribe is left to IAM, as it is without a policy. */
function topicPolicy(topicArn: string, publishers: readonly Publisher[]): string {
  const statements = publishers.map(({ service, sourceArns }) => ({
    Sid: `PublishBy${service}`,
    Effect: "Allow",
    Principal: { Service: `${service}.amazonaws.com` },
    Action: "sns:Publish",
    Resource: topicArn,
    Condition: { ArnLike: { "aws:SourceArn": sourceArns } },
  }));
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}
