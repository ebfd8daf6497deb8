// A bucket for what nobody else may read: encrypted, versioned, closed to the public, reached by TLS only.
import { Construct } from "constructs";
import { S3Bucket } from "@cdktf/provider-aws/lib/s3-bucket/index.js";
import { S3BucketLifecycleConfiguration } from "@cdktf/provider-aws/lib/s3-bucket-lifecycle-configuration/index.js";
import { S3BucketLoggingA } from "@cdktf/provider-aws/lib/s3-bucket-logging/index.js";
import { S3BucketNotification } from "@cdktf/provider-aws/lib/s3-bucket-notification/index.js";
import { S3BucketObjectLockConfigurationA } from "@cdktf/provider-aws/lib/s3-bucket-object-lock-configuration/index.js";
import { S3BucketOwnershipControls } from "@cdktf/provider-aws/lib/s3-bucket-ownership-controls/index.js";
import { S3BucketPolicy } from "@cdktf/provider-aws/lib/s3-bucket-policy/index.js";
import { S3BucketPublicAccessBlock } from "@cdktf/provider-aws/lib/s3-bucket-public-access-block/index.js";
import { S3BucketServerSideEncryptionConfigurationA } from "@cdktf/provider-aws/lib/s3-bucket-server-side-encryption-configuration/index.js";
import { S3BucketVersioningA } from "@cdktf/provider-aws/lib/s3-bucket-versioning/index.js";
import { exceptFromChecks, type CheckovException } from "./checkov-exception.ts";
import { MAIN_RESOURCE } from "./named-stack.ts";

const OLD_VERSIONS_KEPT_DAYS = 90;
const UNFINISHED_UPLOADS_KEPT_DAYS = 7;

export interface PrivateBucketProps {
  /** Name of the bucket: one in the world. */
  readonly bucketName: string;
  /** AWS's partition, for ARNs: `aws`. */
  readonly partition: string;
  /** What its objects are encrypted with. */
  readonly kmsKeyArn: string;
  /** Why it has no replica in another Region, for whoever reads what scanners say. */
  readonly noReplicaReason: string;
  /** Where there is no access log: why, and what would give it one. */
  readonly noAccessLogReason: string;
  /**
   * An existing bucket that gets this one's access log.
   *
   * @default - no access log
   */
  readonly accessLogBucket?: string | undefined;
  /**
   * Whether `destroy` refuses to give it up.
   *
   * @default false
   */
  readonly isKept?: boolean;
  /**
   * Age at which objects are deleted, in days.
   *
   * @default - never
   */
  readonly expirationDays?: number;
  /**
   * For how long nobody may delete or overwrite an object, in days; with a special permission only.
   *
   * @default - not at all
   */
  readonly lockDays?: number;
  /**
   * Statements of the bucket's policy beside those that refuse plain HTTP and old TLS.
   *
   * @default - none
   */
  readonly policyStatements?: readonly object[];
}

export class PrivateBucket extends Construct {
  readonly bucketName: string;
  /** Must exist before a service of AWS writes. */
  readonly policy: S3BucketPolicy;

  constructor(scope: Construct, id: string, props: PrivateBucketProps) {
    super(scope, id);
    const bucket = new S3Bucket(this, MAIN_RESOURCE, {
      bucket: props.bucketName,
      ...(props.lockDays === undefined ? {} : { objectLockEnabled: true }),
      ...(props.isKept === true ? { lifecycle: { preventDestroy: true } } : {}),
    });
    exceptFromChecks(bucket, exceptionsOf(props));
    this.bucketName = bucket.bucket;
    this.policy = this.#keepPrivate(props);
    this.#keepWhole(props);
    if (props.accessLogBucket !== undefined)
      new S3BucketLoggingA(this, "access_log", {
        bucket: bucket.id,
        targetBucket: props.accessLogBucket,
        targetPrefix: `${props.bucketName}/`,
      });
    // Whoever wants to hear of each change adds a rule in EventBridge.
    new S3BucketNotification(this, "notification", { bucket: bucket.id, eventbridge: true });
  }

  #keepPrivate({ bucketName, partition, policyStatements = [] }: PrivateBucketProps): S3BucketPolicy {
    const bucket = this.bucketName;
    const publicAccess = new S3BucketPublicAccessBlock(this, "public_access", {
      bucket,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    new S3BucketOwnershipControls(this, "ownership", { bucket, rule: { objectOwnership: "BucketOwnerEnforced" } });
    const arn = `arn:${partition}:s3:::${bucketName}`;
    const policy = bucketPolicy([...encryptedTransportOnly(arn), ...policyStatements]);
    // S3 refuses two such changes of one bucket at a time.
    return new S3BucketPolicy(this, "policy", { bucket, policy, dependsOn: [publicAccess] });
  }

  #keepWhole({ kmsKeyArn, expirationDays, lockDays }: PrivateBucketProps): void {
    const bucket = this.bucketName;
    const versioning = new S3BucketVersioningA(this, "versioning", {
      bucket,
      versioningConfiguration: { status: "Enabled" },
    });
    if (lockDays !== undefined)
      new S3BucketObjectLockConfigurationA(this, "lock", {
        bucket,
        rule: { defaultRetention: { mode: "GOVERNANCE", days: lockDays } },
        dependsOn: [versioning],
      });
    new S3BucketServerSideEncryptionConfigurationA(this, "encryption", {
      bucket,
      rule: [
        {
          applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: kmsKeyArn },
          bucketKeyEnabled: true,
        },
      ],
    });
    new S3BucketLifecycleConfiguration(this, "lifecycle", {
      bucket,
      rule: [
        {
          id: "tidy",
          status: "Enabled",
          filter: [{}],
          abortIncompleteMultipartUpload: [{ daysAfterInitiation: UNFINISHED_UPLOADS_KEPT_DAYS }],
          noncurrentVersionExpiration: [{ noncurrentDays: OLD_VERSIONS_KEPT_DAYS }],
          ...(expirationDays === undefined ? {} : { expiration: [{ days: expirationDays }] }),
        },
      ],
      dependsOn: [versioning],
    });
  }
}

/** What no private bucket has by itself. */
function exceptionsOf({ noReplicaReason, noAccessLogReason, accessLogBucket }: PrivateBucketProps): CheckovException[] {
  const noReplica = { id: "CKV_AWS_144", reason: noReplicaReason };
  return accessLogBucket === undefined ? [noReplica, { id: "CKV_AWS_18", reason: noAccessLogReason }] : [noReplica];
}

/** Refuses plain HTTP and TLS before 1.2, to everybody. */
function encryptedTransportOnly(bucketArn: string): object[] {
  const refuse = (name: string, condition: object): object => ({
    Sid: name,
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: [bucketArn, `${bucketArn}/*`],
    Condition: condition,
  });
  return [
    refuse("PlainHttp", { Bool: { "aws:SecureTransport": "false" } }),
    refuse("OldTls", { NumericLessThan: { "s3:TlsVersion": "1.2" } }),
  ];
}

function bucketPolicy(statements: readonly object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}
