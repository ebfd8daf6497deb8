// S3's gateway endpoint that was there before: looked up for its addresses.
import { Op, TerraformSelf } from "cdktf";
import { Construct } from "constructs";
import { DataAwsVpcEndpoint } from "@cdktf/provider-aws/lib/data-aws-vpc-endpoint/index.js";

export interface ExistingS3EndpointProps {
  /** The network it stands in. */
  readonly vpcId: string;
  /** Which one. */
  readonly endpointId: string;
}

/** A gateway endpoint of others; its policy and its route tables stay as they are. */
export class ExistingS3Endpoint extends Construct {
  /** S3's addresses, for rules of security groups. */
  readonly prefixListId: string;

  constructor(scope: Construct, id: string, { vpcId, endpointId }: ExistingS3EndpointProps) {
    super(scope, id);
    const said = `endpoint ${endpointId}, which existing_network.endpoint_ids.s3 names,`;
    const endpoint = new DataAwsVpcEndpoint(this, "endpoint", {
      id: endpointId,
      lifecycle: {
        postcondition: [
          {
            condition: Op.eq(TerraformSelf.getString("vpc_id"), vpcId),
            errorMessage: `${said} is not in the VPC that existing_network names`,
          },
          {
            condition: Op.eq(TerraformSelf.getString("vpc_endpoint_type"), "Gateway"),
            errorMessage: `${said} is no gateway endpoint`,
          },
        ],
      },
    });
    this.prefixListId = endpoint.prefixListId;
  }
}
