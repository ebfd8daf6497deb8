// Endpoints that were there before: looked up and used, because a second one with the same private name is refused.
import { Fn, Op, TerraformIterator, TerraformLocal, TerraformSelf, Token, type Precondition } from "cdktf";
import { Construct } from "constructs";
import { DataAwsVpcEndpoint } from "@cdktf/provider-aws/lib/data-aws-vpc-endpoint/index.js";
import { DataAwsVpcSecurityGroupRule } from "@cdktf/provider-aws/lib/data-aws-vpc-security-group-rule/index.js";
import { DataAwsVpcSecurityGroupRules } from "@cdktf/provider-aws/lib/data-aws-vpc-security-group-rules/index.js";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule/index.js";
import type { EndpointService } from "./endpoint-services.ts";

const HTTPS_PORT = 443;

export interface ExistingEndpointsProps {
  /** The network they stand in. */
  readonly vpcId: string;
  /** The interface endpoints, by service. */
  readonly endpointIds: ReadonlyMap<EndpointService, string>;
  /** The bastion's group. */
  readonly clientSecurityGroupId: string;
  /** Addresses of the bastion's subnets: a Terraform list. */
  readonly clientCidrs: string[];
  /** Whether to add a rule that lets the bastion in; without it the plan fails where no rule does. */
  readonly opensGroups: boolean;
}

/** Interface endpoints of others; their policies stay as they are. */
export class ExistingEndpoints extends Construct {
  /** All of their groups: a Terraform set, known at plan time. */
  readonly securityGroupIds: string[];
  /** What must exist before an agent starts. */
  readonly prerequisites: VpcSecurityGroupIngressRule[];
  /** What must hold of the groups for the bastion to be let in. */
  readonly preconditions: Precondition[];

  constructor(scope: Construct, id: string, props: ExistingEndpointsProps) {
    super(scope, id);
    const endpoints = [...props.endpointIds].map(([service, endpointId]) => this.#find(service, endpointId, props));
    this.securityGroupIds = Fn.distinct(
      Fn.flatten(endpoints.map(({ securityGroupIds }) => Fn.tolist(securityGroupIds) as unknown)) as unknown[],
    );
    this.prerequisites = props.opensGroups ? [this.#openGroups(props)] : [];
    this.preconditions = props.opensGroups ? [] : this.#expectOpenGroups(endpoints, props);
  }

  #find(service: EndpointService, endpointId: string, { vpcId }: ExistingEndpointsProps): DataAwsVpcEndpoint {
    const said = `endpoint ${endpointId}, which existing_network.endpoint_ids.${service} names,`;
    return new DataAwsVpcEndpoint(this, service, {
      id: endpointId,
      lifecycle: {
        postcondition: [
          {
            condition: Op.eq(TerraformSelf.getString("vpc_id"), vpcId),
            errorMessage: `${said} is not in the VPC that existing_network names`,
          },
          {
            condition: Fn.endswith(TerraformSelf.getString("service_name"), `.${service}`),
            errorMessage: `${said} is of another service`,
          },
          {
            condition: "${self.private_dns_enabled}",
            errorMessage: `${said} has no private DNS name, by which the SSM Agent looks for it`,
          },
        ],
      },
    });
  }

  /** One rule for each group, however many endpoints have it: EC2 refuses a rule twice. */
  #openGroups({ clientSecurityGroupId }: ExistingEndpointsProps): VpcSecurityGroupIngressRule {
    const forEach = TerraformIterator.fromList(this.securityGroupIds);
    return new VpcSecurityGroupIngressRule(this, "from_bastion", {
      forEach,
      securityGroupId: Token.asString(forEach.value),
      description: "HTTPS from the bastion",
      ipProtocol: "tcp",
      fromPort: HTTPS_PORT,
      toPort: HTTPS_PORT,
      referencedSecurityGroupId: clientSecurityGroupId,
    });
  }

  /** A rule may name the bastion's group or its subnets' addresses; what is in a prefix list is taken on trust. */
  #expectOpenGroups(endpoints: readonly DataAwsVpcEndpoint[], props: ExistingEndpointsProps): Precondition[] {
    const ids = new DataAwsVpcSecurityGroupRules(this, "rules", {
      filter: [{ name: "group-id", values: this.securityGroupIds }],
    });
    const forEach = TerraformIterator.fromList(ids.ids);
    const rules = new DataAwsVpcSecurityGroupRule(this, "rule", {
      forEach,
      securityGroupRuleId: Token.asString(forEach.value),
    });
    const clientCidrs = new TerraformLocal(this, "client_cidrs", props.clientCidrs);
    return endpoints.map((endpoint) => ({
      condition: admission({ rules, endpoint, clientCidrs, clientSecurityGroupId: props.clientSecurityGroupId }),
      errorMessage: `no security group of endpoint ${endpoint.idInput ?? ""} lets TCP ${HTTPS_PORT} in from the bastion: add a rule for its subnets there, or write "open_endpoint_groups": true in existing_network`,
    }));
  }
}

interface Admission {
  readonly rules: DataAwsVpcSecurityGroupRule;
  readonly endpoint: DataAwsVpcEndpoint;
  readonly clientCidrs: TerraformLocal;
  readonly clientSecurityGroupId: string;
}

/**
 * Whether, for each of the client's blocks, one of the rules of the endpoint's groups lets it in.
 *
 * Before the first apply the client's group has no id, and nothing that is compared with it is known. Rules that cannot
 * count are therefore filtered out, and only one that names a group is compared: so the plan decides wherever it can.
 */
function admission({ rules, endpoint, clientCidrs, clientSecurityGroupId }: Admission): string {
  const isOpen = `!rule.is_egress && contains(${endpoint.fqn}.security_group_ids, rule.security_group_id) && ${IS_FOR_HTTPS}`;
  const isForClient = [
    isText("rule.prefix_list_id"),
    HOLDS_CIDR,
    `${isText("rule.referenced_security_group_id")} ? rule.referenced_security_group_id == ${clientSecurityGroupId} : false`,
  ].join(", ");
  const someRule = `anytrue([for rule in ${rules.fqn} : anytrue([${isForClient}]) if ${isOpen}])`;
  return `\${alltrue([for cidr in ${clientCidrs.fqn} : ${someRule}])}`;
}

/** What a rule does not have is null, which is not equal to the empty text either. */
function isText(expression: string): string {
  return `try(length(${expression}) > 0, false)`;
}

const HAS_PORT = `try(rule.from_port <= ${HTTPS_PORT} && rule.to_port >= ${HTTPS_PORT}, false)`;
const IS_FOR_HTTPS = `(rule.ip_protocol == "-1" || rule.ip_protocol == "tcp" && ${HAS_PORT})`;

const PREFIX_LENGTH = 'split("/", rule.cidr_ipv4)[1]';
/** Terraform has no word for it: the rule's block is not shorter, and begins where `cidr` does when that is cut to its length. */
const HOLDS_CIDR = [
  `try(tonumber(${PREFIX_LENGTH}) <= tonumber(split("/", cidr)[1])`,
  // Without a template in it: what cdktf puts in behind one would be a template in a template.
  `cidrhost(join("/", [split("/", cidr)[0], ${PREFIX_LENGTH}]), 0) == cidrhost(rule.cidr_ipv4, 0), false)`,
].join(" && ");
