// The KMS key of one CloudWatch log group.
import { Construct } from "constructs";
import { KmsAlias } from "@cdktf/provider-aws/lib/kms-alias/index.js";
import { KmsKey } from "@cdktf/provider-aws/lib/kms-key/index.js";
import type { AwsAccount } from "../aws-account.ts";
import { MAIN_RESOURCE } from "../named-stack.ts";

export interface LogKeyProps {
  readonly account: AwsAccount;
  /** The key's alias, without `alias/`. */
  readonly name: string;
  /** The one log group that may use it. */
  readonly logGroupName: string;
}

export class LogKey extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, props: LogKeyProps) {
    super(scope, id);
    const key = new KmsKey(this, MAIN_RESOURCE, {
      description: `Log group ${props.logGroupName}`,
      enableKeyRotation: true,
      policy: keyPolicy(props),
      tags: { Name: props.name },
    });
    new KmsAlias(this, "alias", { name: `alias/${props.name}`, targetKeyId: key.keyId });
    this.arn = key.arn;
  }
}

/**
 * The account's root may do everything, so that IAM decides and the key cannot be locked away.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
 */
function keyPolicy({ account, logGroupName }: LogKeyProps): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "IamDecides",
        Effect: "Allow",
        Principal: { AWS: account.iamArn("root") },
        Action: "kms:*",
        Resource: "*",
      },
      {
        Sid: "LogGroup",
        Effect: "Allow",
        Principal: { Service: account.regionalPrincipal("logs") },
        Action: [
          "kms:Decrypt",
          "kms:DescribeKey",
          "kms:Encrypt",
          "kms:GenerateDataKey",
          "kms:GenerateDataKeyWithoutPlaintext",
          "kms:ReEncryptFrom",
          "kms:ReEncryptTo",
        ],
        Resource: "*",
        Condition: {
          ArnEquals: { "kms:EncryptionContext:aws:logs:arn": account.arn("logs", `log-group:${logGroupName}`) },
        },
      },
    ],
  });
}
