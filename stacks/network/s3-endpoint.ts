// S3's gateway endpoint: a route to S3 that costs nothing, for what the bastion's role and its packages need there.
import { Construct } from "constructs";
import { DataAwsVpcEndpointService } from "@cdktf/provider-aws/lib/data-aws-vpc-endpoint-service/index.js";
import { VpcEndpoint } from "@cdktf/provider-aws/lib/vpc-endpoint/index.js";
import { statementsOfService } from "../bastion/feature.ts";
import { MAIN_RESOURCE } from "../named-stack.ts";
import type { PolicyStatement } from "../policy-document.ts";
import { endpointPolicy, forClientOnly, type EndpointClient } from "./endpoint-policy.ts";

export interface S3EndpointProps extends EndpointClient {
  /** Its Name tag. */
  readonly name: string;
  /** The network it stands in. */
  readonly vpcId: string;
  /** The tables that get a route to it. */
  readonly routeTableIds: readonly string[];
  /** What the role may call. What is about S3 passes; all else is refused there, whatever IAM allows. */
  readonly statements: readonly PolicyStatement[];
  /** ARNs of objects that anybody may read; requests without a signature pass for them. */
  readonly publicObjects: readonly string[];
}

export class S3Endpoint extends Construct {
  /** S3's addresses, for rules of security groups. */
  readonly prefixListId: string;
  /** What must exist before an agent starts. */
  readonly prerequisites: VpcEndpoint[];

  constructor(scope: Construct, id: string, props: S3EndpointProps) {
    super(scope, id);
    const { serviceName } = new DataAwsVpcEndpointService(this, "service", { service: "s3", serviceType: "Gateway" });
    const endpoint = new VpcEndpoint(this, MAIN_RESOURCE, {
      vpcId: props.vpcId,
      serviceName,
      vpcEndpointType: "Gateway",
      routeTableIds: [...props.routeTableIds],
      policy: endpointPolicy(s3Statements(props)),
      tags: { Name: props.name },
    });
    this.prefixListId = endpoint.prefixListId;
    this.prerequisites = [endpoint];
  }
}

/** Package managers sign nothing, so their statement names no principal: it names the objects. */
function s3Statements(props: S3EndpointProps): PolicyStatement[] {
  const { statements, publicObjects } = props;
  const anonymous: PolicyStatement = {
    Sid: "PublicObjects",
    Effect: "Allow",
    Action: "s3:GetObject",
    Resource: publicObjects,
  };
  return [
    ...(publicObjects.length === 0 ? [] : [anonymous]),
    ...statementsOfService("s3", statements).map((statement) => forClientOnly(statement, props)),
  ];
}
