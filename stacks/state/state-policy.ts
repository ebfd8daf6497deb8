// The IAM policy of whoever deploys: the state objects, their locks and the key, and nothing else of the bucket.
import { Construct } from "constructs";
import { IamPolicy } from "@cdktf/provider-aws/lib/iam-policy/index.js";
import type { AwsAccount } from "../aws-account.ts";
import { MAIN_RESOURCE } from "../named-stack.ts";
import { policyDocument, type PolicyStatement } from "../policy-document.ts";

export interface StatePolicyProps {
  /** Where the bucket is. */
  readonly account: AwsAccount;
  /** The policy's name. */
  readonly name: string;
  /** The bucket that holds the state. */
  readonly bucketName: string;
  /** The bucket's key. */
  readonly kmsKeyArn: string;
}

export class StatePolicy extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, props: StatePolicyProps) {
    super(scope, id);
    this.arn = new IamPolicy(this, MAIN_RESOURCE, {
      name: props.name,
      description: "Reads, writes and locks the Terraform state of bastions",
      policy: policyDocument(this, "document", stateStatements(props)),
    }).arn;
  }
}

/** @see https://developer.hashicorp.com/terraform/language/backend/s3#permissions-required */
function stateStatements({ account, bucketName, kmsKeyArn }: StatePolicyProps): PolicyStatement[] {
  const bucket = `arn:${account.partition}:s3:::${bucketName}`;
  return [
    {
      Sid: "List",
      Effect: "Allow",
      Action: "s3:ListBucket",
      Resource: bucket,
      Condition: { StringLike: { "s3:prefix": "bastion/*" } },
    },
    {
      Sid: "State",
      Effect: "Allow",
      Action: ["s3:GetObject", "s3:PutObject"],
      Resource: `${bucket}/bastion/*.tfstate`,
    },
    {
      Sid: "Lock",
      Effect: "Allow",
      Action: ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
      Resource: `${bucket}/bastion/*.tfstate.tflock`,
    },
    {
      Sid: "Key",
      Effect: "Allow",
      Action: ["kms:Decrypt", "kms:GenerateDataKey"],
      Resource: kmsKeyArn,
      Condition: { StringEquals: { "kms:ViaService": `s3.${account.region}.${account.dnsSuffix}` } },
    },
  ];
}
