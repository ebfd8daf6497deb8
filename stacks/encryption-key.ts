// A KMS key of the account's own, with an alias and a yearly rotation.
import { Construct } from "constructs";
import { KmsAlias } from "@cdktf/provider-aws/lib/kms-alias/index.js";
import { KmsKey } from "@cdktf/provider-aws/lib/kms-key/index.js";
import type { AwsAccount } from "./aws-account.ts";
import { MAIN_RESOURCE } from "./named-stack.ts";

/** What a service of AWS may do with a key. */
export interface KeyUse {
  /** The first part of its principal: `events`. */
  readonly service: string;
  readonly actions: readonly string[];
  /** Operator, then key, then value. */
  readonly condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface EncryptionKeyProps {
  /** Whose key it is. */
  readonly account: AwsAccount;
  /** The key's alias, without `alias/`. */
  readonly name: string;
  /** What it encrypts. */
  readonly description: string;
  /**
   * A log group that may use it, by its name; only that one, or, with a `*` at its end, those that begin so.
   *
   * @default - no log group
   */
  readonly logGroupName?: string;
  /**
   * Services of AWS that may use it too.
   *
   * @default - none
   */
  readonly uses?: readonly KeyUse[];
  /**
   * Whether `destroy` refuses to give it up: what it has encrypted would be lost.
   *
   * @default false
   */
  readonly isKept?: boolean;
}

export class EncryptionKey extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, props: EncryptionKeyProps) {
    super(scope, id);
    const key = new KmsKey(this, MAIN_RESOURCE, {
      description: props.description,
      enableKeyRotation: true,
      policy: keyPolicy(props),
      tags: { Name: props.name },
      ...(props.isKept === true ? { lifecycle: { preventDestroy: true } } : {}),
    });
    new KmsAlias(this, "alias", { name: `alias/${props.name}`, targetKeyId: key.keyId });
    this.arn = key.arn;
  }
}

/** The account's root may do everything, so that IAM decides and the key cannot be locked away. */
function keyPolicy({ account, logGroupName, uses = [] }: EncryptionKeyProps): string {
  const root = {
    Sid: "IamDecides",
    Effect: "Allow",
    Principal: { AWS: account.iamArn("root") },
    Action: "kms:*",
    Resource: "*",
  };
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      root,
      ...(logGroupName === undefined ? [] : [logGroupStatement(account, logGroupName)]),
      ...uses.map(useStatement),
    ],
  });
}

function useStatement({ service, actions, condition }: KeyUse): object {
  return {
    Sid: `UseBy${service}`,
    Effect: "Allow",
    Principal: { Service: `${service}.amazonaws.com` },
    Action: actions,
    Resource: "*",
    ...(condition === undefined ? {} : { Condition: condition }),
  };
}

/** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html */
function logGroupStatement(account: AwsAccount, logGroupName: string) {
  return {
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
  };
}
