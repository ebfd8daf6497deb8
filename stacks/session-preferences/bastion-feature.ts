// What an instance needs for its shells to be encrypted and logged: without it no shell starts.
import type { AwsAccount } from "../aws-account.ts";
import type { BastionFeature } from "../bastion/feature.ts";
import type { PolicyStatement } from "../policy-document.ts";

export interface SessionPreferencesFeatureProps {
  /** Where the instances run. */
  readonly account: AwsAccount;
  /** The key of data, log group and bucket. */
  readonly kmsKeyArn: string;
  /**
   * The log group.
   *
   * @default - no log in CloudWatch
   */
  readonly logGroupName?: string | undefined;
  /**
   * The bucket, and the folder of the logs in it.
   *
   * @default - no log in S3
   */
  readonly bucket?: { readonly name: string; readonly keyPrefix: string } | undefined;
}

/** The SSM Agent's own calls, with the instance's role. */
export function sessionPreferencesFeature(props: SessionPreferencesFeatureProps): BastionFeature {
  return { statements: [...keyStatements(props), ...logGroupStatements(props), ...bucketStatements(props)] };
}

/** The agent calls KMS itself, and binds each data key to its instance. */
function keyStatements({ kmsKeyArn }: SessionPreferencesFeatureProps): PolicyStatement[] {
  return [
    {
      Sid: "SessionDataKey",
      Effect: "Allow",
      Action: "kms:Decrypt",
      Resource: kmsKeyArn,
      Condition: { StringLike: { "kms:EncryptionContext:aws:ssm:TargetId": "i-*" } },
    },
  ];
}

function logGroupStatements({ account, logGroupName }: SessionPreferencesFeatureProps): PolicyStatement[] {
  if (logGroupName === undefined) return [];
  const arn = account.arn("logs", `log-group:${logGroupName}`);
  return [
    // By it the agent sees whether the group is encrypted.
    { Sid: "FindLogGroup", Effect: "Allow", Action: "logs:DescribeLogGroups", Resource: "*" },
    {
      Sid: "WriteSessionLog",
      Effect: "Allow",
      Action: ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
      Resource: [arn, `${arn}:log-stream:*`],
    },
  ];
}

function bucketStatements({ account, kmsKeyArn, bucket }: SessionPreferencesFeatureProps): PolicyStatement[] {
  if (bucket === undefined) return [];
  const arn = `arn:${account.partition}:s3:::${bucket.name}`;
  return [
    { Sid: "PutSessionLog", Effect: "Allow", Action: "s3:PutObject", Resource: `${arn}/${bucket.keyPrefix}/*` },
    { Sid: "ReadBucketEncryption", Effect: "Allow", Action: "s3:GetEncryptionConfiguration", Resource: arn },
    {
      Sid: "SessionLogKey",
      Effect: "Allow",
      Action: ["kms:Decrypt", "kms:GenerateDataKey"],
      Resource: kmsKeyArn,
      Condition: { StringEquals: { "kms:ViaService": account.regionalPrincipal("s3") } },
    },
  ];
}
