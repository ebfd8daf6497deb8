// Rules of EventBridge that tell a topic of each session and each key, of those that were refused too.
import { Construct } from "constructs";
import { CloudwatchEventRule } from "@cdktf/provider-aws/lib/cloudwatch-event-rule/index.js";
import { CloudwatchEventTarget } from "@cdktf/provider-aws/lib/cloudwatch-event-target/index.js";
import type { AwsAccount } from "../aws-account.ts";
import type { EncryptedTopic } from "./encrypted-topic.ts";

/** What opens a way to an instance, or closes it, by the service that is called. */
const ACCESS_CALLS = {
  sessions: { service: "ssm", calls: ["StartSession", "ResumeSession", "TerminateSession"] },
  keys: {
    service: "ec2-instance-connect",
    calls: ["SendSSHPublicKey", "SendSerialConsoleSSHPublicKey", "OpenTunnel"],
  },
} as const;

export interface AccessRulesProps {
  /** Begins the rules' names. */
  readonly name: string;
  /** What is told. */
  readonly topic: EncryptedTopic;
}

/** The ARNs of the rules that `AccessRules` makes under this name. */
export function accessRuleArns(account: AwsAccount, name: string): string[] {
  return Object.keys(ACCESS_CALLS).map((what) => account.arn("events", `rule/${name}-${what}`));
}

/** EventBridge hears of these calls only while a trail of the account is logging. */
export class AccessRules extends Construct {
  constructor(scope: Construct, id: string, { name, topic }: AccessRulesProps) {
    super(scope, id);
    for (const [what, { service, calls }] of Object.entries(ACCESS_CALLS)) {
      const rule = new CloudwatchEventRule(this, what, {
        name: `${name}-${what}`,
        description: `${calls.join(", ")}: succeeded or refused`,
        eventPattern: JSON.stringify({
          source: [`aws.${service}`],
          "detail-type": ["AWS API Call via CloudTrail"],
          detail: { eventSource: [`${service}.amazonaws.com`], eventName: calls },
        }),
      });
      // Without a role: EventBridge publishes in its own name, which the policies of topic and key allow.
      new CloudwatchEventTarget(this, `${what}_target`, {
        rule: rule.name,
        targetId: "topic",
        arn: topic.topicArn,
        dependsOn: [topic.policy],
      });
    }
  }
}
