// Where shells are logged: an encrypted group of CloudWatch Logs, a private bucket, or both.
import { Construct } from "constructs";
import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group/index.js";
import type { AwsAccount } from "../aws-account.ts";
import { PrivateBucket } from "../private-bucket.ts";

const NO_REPLICA =
  "session logs can hold secrets and stay in their Region; a replica needs a bucket of its own, which would fail the same check";
const NO_ACCESS_LOG =
  "an access log needs another bucket, which cannot pass either; s3_access_log_bucket names one where there is one";

export interface SessionLogProps {
  /** Where the logs are. */
  readonly account: AwsAccount;
  /** What both are encrypted with. */
  readonly kmsKeyArn: string;
  /** How long they are kept, in days; a year at least. */
  readonly retentionDays: number;
  /**
   * Name of the log group.
   *
   * @default - no log group
   */
  readonly logGroupName?: string | undefined;
  /**
   * Name of the bucket: one in the world.
   *
   * @default - no bucket
   */
  readonly bucketName?: string | undefined;
  /**
   * An existing bucket that gets the log bucket's access log.
   *
   * @default - no access log
   */
  readonly accessLogBucket?: string | undefined;
}

export class SessionLog extends Construct {
  readonly logGroupName: string | undefined;
  readonly bucketName: string | undefined;

  constructor(scope: Construct, id: string, props: SessionLogProps) {
    super(scope, id);
    const { kmsKeyArn, retentionDays } = props;
    if (props.logGroupName !== undefined)
      this.logGroupName = new CloudwatchLogGroup(this, "group", {
        name: props.logGroupName,
        retentionInDays: retentionDays,
        kmsKeyId: kmsKeyArn,
      }).name;
    if (props.bucketName !== undefined)
      this.bucketName = new PrivateBucket(this, "bucket", {
        bucketName: props.bucketName,
        partition: props.account.partition,
        kmsKeyArn,
        expirationDays: retentionDays,
        accessLogBucket: props.accessLogBucket,
        noReplicaReason: NO_REPLICA,
        noAccessLogReason: NO_ACCESS_LOG,
      }).bucketName;
  }
}
