// Interface endpoints for the SSM Agent, open to one group, one account and one role.
import { TerraformIterator, Token } from "cdktf";
import { Construct } from "constructs";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group/index.js";
import { VpcEndpoint } from "@cdktf/provider-aws/lib/vpc-endpoint/index.js";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule/index.js";
import { AGENT_ACTIONS } from "../bastion/agent-actions.ts";
import { statementsOfService } from "../bastion/feature.ts";
import { MAIN_RESOURCE } from "../named-stack.ts";
import type { PolicyStatement } from "../policy-document.ts";
import { endpointPolicy, forClientOnly, policyForAccount } from "./endpoint-policy.ts";
import type { EndpointService, EndpointServices } from "./endpoint-services.ts";

/** What the agent calls through each endpoint for sessions. */
const SESSION_ACTIONS: Readonly<Partial<Record<EndpointService, readonly string[]>>> = AGENT_ACTIONS;

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
  /**
   * The blocks of a VPC that others use too. An endpoint takes over its service's name for all in the VPC, so there it
   * serves all in these blocks, and the whole account.
   *
   * @default - the VPC is the bastion's alone
   */
  readonly sharedVpcCidrs?: string[];
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
      description: `Interface endpoint of ${service}: HTTPS from ${props.sharedVpcCidrs === undefined ? "the bastion" : "the VPC"}, nothing out`,
      vpcId: props.vpcId,
      tags: { Name: `${name}-endpoint` },
    });
    const https = { securityGroupId: group.id, ipProtocol: "tcp", fromPort: HTTPS_PORT, toPort: HTTPS_PORT };
    const ingress = new VpcSecurityGroupIngressRule(scope, "from_bastion", {
      ...https,
      description: "HTTPS from the bastion",
      referencedSecurityGroupId: props.clientSecurityGroupId,
    });
    if (props.sharedVpcCidrs !== undefined) {
      const forEach = TerraformIterator.fromList(props.sharedVpcCidrs);
      const cidrIpv4 = Token.asString(forEach.value);
      new VpcSecurityGroupIngressRule(scope, "from_vpc", {
        ...https,
        description: "HTTPS from the VPC",
        forEach,
        cidrIpv4,
      });
    }
    const endpoint = new VpcEndpoint(scope, MAIN_RESOURCE, {
      vpcId: props.vpcId,
      serviceName: props.services.nameOf(service),
      vpcEndpointType: "Interface",
      subnetIds: props.subnetIds,
      securityGroupIds: [group.id],
      privateDnsEnabled: true,
      policy: props.sharedVpcCidrs === undefined ? policyForBastion(service, props) : policyForAccount(props.accountId),
      tags: { Name: name },
    });
    return { group, ingress, endpoint };
  }
}

/** What the agent calls for sessions, and what the features call. */
function policyForBastion(service: EndpointService, props: InterfaceEndpointsProps): string {
  const { statements = [] } = props;
  const Action = SESSION_ACTIONS[service];
  const ofSessions: PolicyStatement[] =
    Action === undefined ? [] : [{ Sid: "BastionOnly", Effect: "Allow", Action, Resource: "*" }];
  const all = [...ofSessions, ...statementsOfService(service, statements)];
  return endpointPolicy(all.map((statement) => forClientOnly(statement, props)));
}
