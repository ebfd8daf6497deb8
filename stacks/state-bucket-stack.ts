// The stack that must exist before all others: the bucket for Terraform's state, its key, and the policy to use it.
import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { AwsAccount } from "./aws-account.ts";
import { keepStateIn } from "./backend.ts";
import { EncryptionKey } from "./encryption-key.ts";
import { NamedStack } from "./named-stack.ts";
import { PrivateBucket } from "./private-bucket.ts";
import { addProvider } from "./provider.ts";
import type { StackProps } from "./run-app.ts";
import { StatePolicy } from "./state/state-policy.ts";

const NO_REPLICA =
  "versions protect the state; a replica in another Region needs a bucket of its own, which would fail the same check";
const NO_ACCESS_LOG =
  "an access log needs another bucket, which cannot pass either; state_access_log_bucket names one where there is one";

export class StateBucketStack extends NamedStack {
  constructor(scope: Construct, id: string, { settings, backend }: StackProps) {
    super(scope, id);
    keepStateIn(backend, this);
    addProvider(this, settings);
    const account = new AwsAccount(this, "current");
    const name = `${settings.tag_application}-tfstate`;
    const bucketName = `${name}-${account.accountId}-${account.region}`;
    const key = new EncryptionKey(this, "key", { account, name, description: "Terraform state", isKept: true });
    const bucket = new PrivateBucket(this, "bucket", {
      bucketName,
      partition: account.partition,
      kmsKeyArn: key.arn,
      isKept: true,
      accessLogBucket: settings.state_access_log_bucket,
      noReplicaReason: NO_REPLICA,
      noAccessLogReason: NO_ACCESS_LOG,
    });
    const policy = new StatePolicy(this, "deployer_policy", {
      account,
      name: `${name}-${account.region}`,
      bucketName,
      kmsKeyArn: key.arn,
    });
    new TerraformOutput(this, "state_bucket", { value: bucket.bucketName, description: "The bucket" });
    new TerraformOutput(this, "state_region", { value: account.region, description: "Where it is" });
    new TerraformOutput(this, "state_policy_arn", {
      value: policy.arn,
      description: "Attach it to whoever deploys, beside what the stacks themselves take",
    });
  }
}
