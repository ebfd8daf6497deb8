// The deployer's policy, weighed as IAM weighs it: what Terraform asks of state and lock, and nothing else of the bucket.
import { describe, expect, it } from "@jest/globals";
import { evaluate } from "../../../sandbox/permissions/evaluate.ts";
import { stateBucketApp } from "../../../stacks/apps.ts";
import { dataSource, resource, synthesize } from "../synthesized.ts";

const ACCOUNT = "123456789012";
const BUCKET = `arn:aws:s3:::sandbox-tfstate-${ACCOUNT}-eu-central-1`;
const KEY = `arn:aws:kms:eu-central-1:${ACCOUNT}:key/state`;

/** What Terraform puts in the place of its references. */
const VALUES: readonly (readonly [string, string])[] = [
  ["${data.aws_partition.current_partition.partition}", "aws"],
  ["${data.aws_partition.current_partition.dns_suffix}", "amazonaws.com"],
  ["${data.aws_caller_identity.current_caller.account_id}", ACCOUNT],
  ["${data.aws_region.current_region.name}", "eu-central-1"],
  ["${aws_kms_key.key.arn}", KEY],
];

interface Condition {
  readonly test: string;
  readonly variable: string;
  readonly values: readonly string[];
}

interface Statement {
  readonly effect: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly condition?: readonly Condition[];
}

const stack = synthesize({}, { app: stateBucketApp });

/** As Terraform renders it. */
const rendered = (text: string): string =>
  VALUES.reduce((all, [reference, value]) => all.replaceAll(reference, value), text);

function policyDocument(): object {
  const data = JSON.stringify(dataSource(stack, "aws_iam_policy_document.deployer_policy_document")["statement"]);
  return {
    Version: "2012-10-17",
    Statement: (JSON.parse(rendered(data)) as Statement[]).map(({ effect, actions, resources, condition = [] }) => ({
      Effect: effect,
      Action: actions,
      Resource: resources,
      Condition: Object.fromEntries(condition.map(({ test, variable, values }) => [test, { [variable]: values }])),
    })),
  };
}

/** It gives IAM the say, without which no policy of a user counts for anything. */
const keyPolicy: unknown = JSON.parse(rendered(String(resource(stack, "aws_kms_key.key")["policy"])));
const policies = [{ name: "state", document: policyDocument() }];

function verdict(action: string, on: string, context: Record<string, string>): Promise<string> {
  const principal = `arn:aws:iam::${ACCOUNT}:user/deployer`;
  const request = { principal, action, resource: on, account: ACCOUNT, context };
  return evaluate(policies, action.startsWith("kms:") ? { ...request, resourcePolicy: keyPolicy } : request);
}

const state = `${BUCKET}/bastion/sandbox-dev.tfstate`;
const lock = `${state}.tflock`;
const viaS3 = { "kms:ViaService": "s3.eu-central-1.amazonaws.com" };

describe("a deployer with the policy for the state", () => {
  it.each([
    ["s3:ListBucket", BUCKET, { "s3:prefix": "bastion/sandbox-dev.tfstate" }],
    ["s3:GetObject", state, {}],
    ["s3:PutObject", state, {}],
    ["s3:PutObject", lock, {}],
    ["s3:GetObject", lock, {}],
    ["s3:DeleteObject", lock, {}],
    ["s3:GetObject", `${BUCKET}/bastion/sandbox-dev-session-preferences.tfstate`, {}],
    ["kms:GenerateDataKey", KEY, viaS3],
    ["kms:Decrypt", KEY, viaS3],
  ])("may call %s on %s with %j", async (action, on, context) => {
    expect(await verdict(action, on, context)).toBe("Allowed");
  });

  it.each([
    ["s3:ListBucket", BUCKET, { "s3:prefix": "payroll/" }],
    ["s3:ListBucket", BUCKET, {}],
    ["s3:ListBucket", "arn:aws:s3:::payroll", { "s3:prefix": "bastion/sandbox-dev.tfstate" }],
    ["s3:DeleteObject", state, {}],
    ["s3:DeleteObjectVersion", state, {}],
    ["s3:GetObject", `${BUCKET}/payroll/prod.tfstate`, {}],
    ["s3:PutObject", `${BUCKET}/bastion/notes.txt`, {}],
    ["s3:PutBucketPolicy", BUCKET, {}],
    ["s3:PutBucketVersioning", BUCKET, {}],
    ["s3:DeleteBucket", BUCKET, {}],
    ["kms:Decrypt", KEY, {}],
    ["kms:Decrypt", KEY.replace("state", "other"), viaS3],
    ["kms:ScheduleKeyDeletion", KEY, viaS3],
  ])("may not call %s on %s with %j", async (action, on, context) => {
    expect(await verdict(action, on, context)).not.toBe("Allowed");
  });
});
