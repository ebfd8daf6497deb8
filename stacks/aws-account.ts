// The account, partition and Region that Terraform runs in, and ARNs built from them.
import { Construct } from "constructs";
import { DataAwsCallerIdentity } from "@cdktf/provider-aws/lib/data-aws-caller-identity/index.js";
import { DataAwsPartition } from "@cdktf/provider-aws/lib/data-aws-partition/index.js";
import { DataAwsRegion } from "@cdktf/provider-aws/lib/data-aws-region/index.js";

/**
 * Names what the plan already knows. ARNs are built from names here instead of read from resources, so that policies
 * are whole in the plan, where people and scanners read them.
 */
export class AwsAccount extends Construct {
  readonly accountId: string;
  readonly partition: string;
  readonly region: string;
  /** End of the names of services: `amazonaws.com`. */
  readonly dnsSuffix: string;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.accountId = new DataAwsCallerIdentity(this, "caller").accountId;
    const { partition, dnsSuffix } = new DataAwsPartition(this, "partition");
    this.partition = partition;
    this.dnsSuffix = dnsSuffix;
    // `name` is called `region` from version 6 of the provider on.
    this.region = new DataAwsRegion(this, "region").name;
  }

  /** ARN of something in this account and Region: `arn("ec2", "instance/*")`. */
  arn(service: string, resource: string): string {
    return `arn:${this.partition}:${service}:${this.region}:${this.accountId}:${resource}`;
  }

  /** ARN of something of IAM's, which knows no Region: `iamArn("role/bastion")`. */
  iamArn(resource: string): string {
    return `arn:${this.partition}:iam::${this.accountId}:${resource}`;
  }

  /** Domain name of a service's own principal in this Region: `logs.eu-central-1.amazonaws.com`. */
  regionalPrincipal(service: string): string {
    return `${service}.${this.region}.${this.dnsSuffix}`;
  }
}
