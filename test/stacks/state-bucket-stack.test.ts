// The bucket for Terraform's state, as Terraform gets it.
import { describe, expect, it } from "@jest/globals";
import { stateBucketApp } from "../../stacks/apps.ts";
import { addresses, dataSource, resource, synthesize, type Arguments } from "./synthesized.ts";

const stack = synthesize({}, { app: stateBucketApp });
const bucketName =
  "sandbox-tfstate-${data.aws_caller_identity.current_caller.account_id}-${data.aws_region.current_region.name}";

interface Statement {
  readonly Effect: string;
  readonly Condition: object;
}

describe("the state bucket", () => {
  it("has these addresses", () => {
    expect(addresses(stack)).toEqual([
      "aws_iam_policy.deployer_policy",
      "aws_kms_alias.key_alias",
      "aws_kms_key.key",
      "aws_s3_bucket.bucket",
      "aws_s3_bucket_lifecycle_configuration.bucket_lifecycle",
      "aws_s3_bucket_notification.bucket_notification",
      "aws_s3_bucket_ownership_controls.bucket_ownership",
      "aws_s3_bucket_policy.bucket_policy",
      "aws_s3_bucket_public_access_block.bucket_public_access",
      "aws_s3_bucket_server_side_encryption_configuration.bucket_encryption",
      "aws_s3_bucket_versioning.bucket_versioning",
    ]);
  });

  it("is named after application, account and Region, since all buckets of the world share one set of names", () => {
    expect(resource(stack, "aws_s3_bucket.bucket")["bucket"]).toBe(bucketName);
  });

  it.each(["aws_s3_bucket.bucket", "aws_kms_key.key"])("keeps %s even from destroy", (address) => {
    expect(resource(stack, address)["lifecycle"]).toEqual({ prevent_destroy: true });
  });

  it("keeps old versions of the state", () => {
    expect(resource(stack, "aws_s3_bucket_versioning.bucket_versioning")).toMatchObject({
      versioning_configuration: { status: "Enabled" },
    });
  });

  it("encrypts with its own key", () => {
    const address = "aws_s3_bucket_server_side_encryption_configuration.bucket_encryption";
    expect(resource(stack, address)["rule"]).toEqual([
      {
        apply_server_side_encryption_by_default: {
          kms_master_key_id: "${aws_kms_key.key.arn}",
          sse_algorithm: "aws:kms",
        },
        bucket_key_enabled: true,
      },
    ]);
  });

  it("is closed to the public in all four ways", () => {
    expect(resource(stack, "aws_s3_bucket_public_access_block.bucket_public_access")).toMatchObject({
      block_public_acls: true,
      block_public_policy: true,
      ignore_public_acls: true,
      restrict_public_buckets: true,
    });
  });

  it("refuses plain HTTP and old TLS, and has no other statement that could break Terraform's lock", () => {
    const policy = String(resource(stack, "aws_s3_bucket_policy.bucket_policy")["policy"]);
    const { Statement } = JSON.parse(policy) as { Statement: Statement[] };
    expect(Statement.map(({ Effect, Condition }) => ({ Effect, Condition }))).toEqual([
      { Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } },
      { Effect: "Deny", Condition: { NumericLessThan: { "s3:TlsVersion": "1.2" } } },
    ]);
  });

  it("has a policy for deployers: state and lock objects only, deleting only locks", () => {
    const document = dataSource(stack, "aws_iam_policy_document.deployer_policy_document");
    const allowed = (document["statement"] as Arguments[]).map(({ actions, resources }) => [actions, resources]);
    const arn = `arn:\${data.aws_partition.current_partition.partition}:s3:::${bucketName}`;
    expect(allowed).toEqual([
      [["s3:ListBucket"], [arn]],
      [["s3:GetObject", "s3:PutObject"], [`${arn}/bastion/*.tfstate`]],
      [["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], [`${arn}/bastion/*.tfstate.tflock`]],
      [["kms:Decrypt", "kms:GenerateDataKey"], ["${aws_kms_key.key.arn}"]],
    ]);
  });

  it("sends its access log where the settings say, and then needs no exception for it", () => {
    const logged = synthesize({ state_access_log_bucket: "company-access-logs" }, { app: stateBucketApp });
    expect(resource(logged, "aws_s3_bucket_logging.bucket_access_log")).toMatchObject({
      target_bucket: "company-access-logs",
    });
    const skips = (synthesized: typeof stack): unknown =>
      (resource(synthesized, "aws_s3_bucket.bucket")["//"] as { checkov: { skip: { id: string }[] } }).checkov.skip.map(
        ({ id }) => id,
      );
    expect(skips(stack)).toEqual(["CKV_AWS_144", "CKV_AWS_18"]);
    expect(skips(logged)).toEqual(["CKV_AWS_144"]);
  });
});
