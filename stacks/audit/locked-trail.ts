// A trail of CloudTrail whose files nobody can change: a locked bucket, and a log group to search in.
import { Construct } from "constructs";
import { Cloudtrail } from "@cdktf/provider-aws/lib/cloudtrail/index.js";
import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group/index.js";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role/index.js";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy/index.js";
import type { AwsAccount } from "../aws-account.ts";
import { MAIN_RESOURCE } from "../named-stack.ts";
import { policyDocument } from "../policy-document.ts";
import { PrivateBucket } from "../private-bucket.ts";
import { EncryptedTopic } from "./encrypted-topic.ts";

export interface LockedTrailProps {
  /** Where it is. */
  readonly account: AwsAccount;
  /** The trail's name; begins all other names. */
  readonly name: string;
  /** Name of the log group that the key lets CloudWatch Logs encrypt. */
  readonly logGroupName: string;
  /** What everything is encrypted with; its policy must let CloudTrail use it. */
  readonly kmsKeyArn: string;
  /** How long files are locked, and records kept, in days. */
  readonly retentionDays: number;
  /**
   * An existing bucket that gets the bucket's access log.
   *
   * @default - no access log
   */
  readonly accessLogBucket?: string | undefined;
}

/** ARN of the trail that `LockedTrail` makes under this name. */
export function trailArn(account: AwsAccount, name: string): string {
  return account.arn("cloudtrail", `trail/${name}`);
}

export class LockedTrail extends Construct {
  readonly bucketName: string;

  constructor(scope: Construct, id: string, props: LockedTrailProps) {
    super(scope, id);
    const { account, name, kmsKeyArn } = props;
    const bucket = this.#addBucket(props);
    this.bucketName = bucket.bucketName;
    const logGroup = new CloudwatchLogGroup(this, "log_group", {
      name: props.logGroupName,
      retentionInDays: props.retentionDays,
      kmsKeyId: kmsKeyArn,
    });
    const { role, permission } = this.#addRole(props);
    // One of its own, which nobody need subscribe to: CloudTrail publishes for each file, every few minutes.
    const delivery = new EncryptedTopic(this, "delivery", {
      account,
      name: `${name}-delivery`,
      kmsKeyArn,
      publishers: [{ service: "cloudtrail", sourceArns: [trailArn(account, name)] }],
    });
    new Cloudtrail(this, MAIN_RESOURCE, {
      name,
      s3BucketName: bucket.bucketName,
      kmsKeyId: kmsKeyArn,
      isMultiRegionTrail: true,
      includeGlobalServiceEvents: true,
      enableLogFileValidation: true,
      enableLogging: true,
      cloudWatchLogsGroupArn: `${logGroup.arn}:*`,
      cloudWatchLogsRoleArn: role.arn,
      snsTopicName: delivery.topicName,
      tags: { Name: name },
      dependsOn: [bucket.policy, delivery.policy, permission],
    });
  }

  #addBucket({ account, name, kmsKeyArn, retentionDays, accessLogBucket }: LockedTrailProps): PrivateBucket {
    const bucketName = `${name}-${account.accountId}-${account.region}`;
    return new PrivateBucket(this, "bucket", {
      bucketName,
      partition: account.partition,
      kmsKeyArn,
      isKept: true,
      lockDays: retentionDays,
      expirationDays: retentionDays,
      accessLogBucket,
      policyStatements: deliveryStatements(account, name, bucketName),
      noReplicaReason: "nobody can delete its files, and the log group has the same records",
      noAccessLogReason:
        "an access log needs another bucket, which cannot pass either; audit.trail.access_log_bucket names one where there is one",
    });
  }

  #addRole({ account, name, logGroupName }: LockedTrailProps): { role: IamRole; permission: IamRolePolicy } {
    const role = new IamRole(this, "role", {
      name: `${name}-trail-${account.region}`,
      description: `Writes the records of trail ${name} to CloudWatch Logs`,
      assumeRolePolicy: policyDocument(this, "trust", [
        {
          Sid: "ThisTrail",
          Effect: "Allow",
          Principal: { Service: "cloudtrail.amazonaws.com" },
          Action: "sts:AssumeRole",
          Condition: { ArnEquals: { "aws:SourceArn": trailArn(account, name) } },
        },
      ]),
    });
    const streams = `log-group:${logGroupName}:log-stream:${account.accountId}_CloudTrail_*`;
    const permission = new IamRolePolicy(this, "role_policy", {
      name: "write-records",
      role: role.name,
      policy: policyDocument(this, "write", [
        {
          Sid: "WriteRecords",
          Effect: "Allow",
          Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
          Resource: account.arn("logs", streams),
        },
      ]),
    });
    return { role, permission };
  }
}

/** @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html */
function deliveryStatements(account: AwsAccount, name: string, bucketName: string): object[] {
  const bucketArn = `arn:${account.partition}:s3:::${bucketName}`;
  const Principal = { Service: "cloudtrail.amazonaws.com" };
  const source = { "aws:SourceArn": trailArn(account, name) };
  return [
    {
      Sid: "TrailLooks",
      Effect: "Allow",
      Principal,
      Action: "s3:GetBucketAcl",
      Resource: bucketArn,
      Condition: { StringEquals: source },
    },
    {
      Sid: "TrailWrites",
      Effect: "Allow",
      Principal,
      Action: "s3:PutObject",
      Resource: `${bucketArn}/AWSLogs/${account.accountId}/*`,
      Condition: { StringEquals: { ...source, "s3:x-amz-acl": "bucket-owner-full-control" } },
    },
  ];
}
