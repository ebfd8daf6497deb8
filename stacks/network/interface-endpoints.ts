// Interface endpoints for the SSM Agent, open to one group, one account and one role.
import { Construct } from "constructs";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group/index.js";
import { VpcEndpoint } from "@cdktf/provider-aws/lib/vpc-endpoint/index.js";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule/index.js";
import { statementsOfService } from "../bastion/feature.ts";
import { MAIN_RESOURCE } from "../named-stack.ts";
import type { PolicyStatement } from "../policy-document.ts";
import type { EndpointService, EndpointServices } from "./endpoint-services.ts";

/** What the agent calls through each endpoint for sessions. */
const SESSION_ACTIONS: Readonly<Partial<Record<EndpointService, readonly string[]>>> = {
  ssm: ["ssm:UpdateInstanceInformation"],
  ssmmessages: [
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
  ],
  ec2messages: [
    "ec2messages:AcknowledgeMessage",
    "ec2messages:DeleteMessage",
    "ec2messages:FailMessage",
    "ec2messages:GetEndpoint",
    "ec2messages:GetMessages",
    "ec2messages:SendReply",
  ],
};

const HTTPS_PORT = 443;

export interface InterfaceEndpointsProps {
  /** Begins the Name tags of endpoints and groups. */
  readonly name: string;
  /** The network they stand in. */
  readonly vpcId: string;
  /** One network interface of each endpoint stands in each of them. */
  readonly subnetIds: string[];
  /** Which endpoints, by the services that were looked up. */
  readonly services: EndpointServices;
  /** The one group that may speak to them. */
  readonly clientSecurityGroupId: string;
  /** The one account that may. */
  readonly accountId: string;
  /** The one role that may. */
  readonly clientRoleArn: string;
  /**
   * What the role may call beside sessions. An endpoint passes what is about its service; all else is refused there,
   * whatever IAM allows.
   *
   * @default - nothing
   */
  readonly statements?: readonly PolicyStatement[];
}

/** An endpoint as its neighbours need to know it. */
export interface InterfaceEndpoint {
  readonly service: EndpointService;
  readonly securityGroupId: string;
}

export class InterfaceEndpoints extends Construct {
  readonly endpoints: readonly InterfaceEndpoint[];
  /** What must exist before an agent starts. */
  readonly prerequisites: (VpcEndpoint | VpcSecurityGroupIngressRule)[];

  constructor(scope: Construct, id: string, props: InterfaceEndpointsProps) {
    super(scope, id);
    const made = props.services.services.map((service) => ({ service, ...this.#endpoint(service, props) }));
    this.endpoints = made.map(({ service, group }) => ({ service, securityGroupId: group.id }));
    this.prerequisites = made.flatMap(({ endpoint, ingress }) => [endpoint, ingress]);
  }

  #endpoint(service: EndpointService, props: InterfaceEndpointsProps) {
    const scope = new Construct(this, service);
    const name = `${props.name}-${service}`;
    const group = new SecurityGroup(scope, "security_group", {
      name: `${name}-endpoint`,
      description: `Interface endpoint of ${service}: HTTPS from the bastion, nothing out`,
      vpcId: props.vpcId,
      tags: { Name: `${name}-endpoint` },
    });
    const ingress = new VpcSecurityGroupIngressRule(scope, "from_bastion", {
      securityGroupId: group.id,
      description: "HTTPS from the bastion",
      ipProtocol: "tcp",
      fromPort: HTTPS_PORT,
      toPort: HTTPS_PORT,
      referencedSecurityGroupId: props.clientSecurityGroupId,
    });
    const endpoint = new VpcEndpoint(scope, MAIN_RESOURCE, {
      vpcId: props.vpcId,
      serviceName: props.services.nameOf(service),
      vpcEndpointType: "Interface",
      subnetIds: props.subnetIds,
      securityGroupIds: [group.id],
      privateDnsEnabled: true,
      policy: endpointPolicy(service, props),
      tags: { Name: name },
    });
    return { group, ingress, endpoint };
  }
}

/**
 * `Principal: "*"` with conditions, because a role's ARN in `aws:PrincipalArn` matches all of its sessions.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
 */
function endpointPolicy(
  service: EndpointService,
  { accountId, clientRoleArn, statements = [] }: InterfaceEndpointsProps,
) {
  const sessionActions = SESSION_ACTIONS[service];
  const ofSessions: PolicyStatement[] =
    sessionActions === undefined
      ? []
      : [{ Sid: "BastionOnly", Effect: "Allow", Action: sessionActions, Resource: "*" }];
  const ofBastion = {
    StringEquals: { "aws:PrincipalAccount": accountId },
    ArnEquals: { "aws:PrincipalArn": clientRoleArn },
  };
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [...ofSessions, ...statementsOfService(service, statements)].map(
      ({ Sid, Effect, Action, Resource, Condition = {} }) => ({
        Sid,
        Effect,
        Principal: "*",
        Action,
        Resource,
        Condition: joinConditions(Condition, ofBastion),
      }),
    ),
  });
}

type Conditions = NonNullable<PolicyStatement["Condition"]>;

/** Both must hold: keys under the same operator stand beside each other. */
function joinConditions(one: Conditions, other: Conditions): Conditions {
  const operators = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries([...operators].map((operator) => [operator, { ...one[operator], ...other[operator] }]));
}
