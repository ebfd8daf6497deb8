// The bastion's security group: nothing in, and out only to endpoints and targets.
import { TerraformIterator, Token, type ITerraformIterator, type Precondition } from "cdktf";
import { Construct } from "constructs";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group/index.js";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule/index.js";
import { MAIN_RESOURCE } from "../named-stack.ts";
import type { InterfaceEndpoint } from "../network/interface-endpoints.ts";

const HTTPS_PORT = 443;
const ANYWHERE = "0.0.0.0/0";
/** AWS's limit for the description of a rule. */
const MAX_DESCRIPTION_CHARACTERS = 255;

/** Something behind the bastion that people want to reach through it. */
export interface BastionTarget {
  /** What people call it. */
  readonly name: string;
  readonly port: number;
  /** Where it is: addresses, or the security group that it has. */
  readonly cidr?: string | undefined;
  readonly security_group_id?: string | undefined;
}

export interface BastionSecurityGroupProps {
  /** Name of the group, and its Name tag. */
  readonly name: string;
  /** The network it belongs to. */
  readonly vpcId: string;
}

/** Endpoints that others have made, by their groups. */
export interface ExistingEndpointGroups {
  /** A Terraform set, known at plan time. */
  readonly securityGroupIds: string[];
  /** What must hold of the groups. */
  readonly preconditions: Precondition[];
}

/**
 * A group without any ingress rule. Sessions need none: the agent calls out.
 *
 * DNS, instance metadata and the time service need no egress rule, because security groups do not filter them.
 */
export class BastionSecurityGroup extends Construct {
  readonly securityGroupId: string;
  /** What must exist before an agent starts. */
  readonly rules: VpcSecurityGroupEgressRule[] = [];

  constructor(scope: Construct, id: string, props: BastionSecurityGroupProps) {
    super(scope, id);
    this.securityGroupId = new SecurityGroup(this, MAIN_RESOURCE, {
      name: props.name,
      description: "Bastion: nothing in, out to its endpoints and targets",
      vpcId: props.vpcId,
      tags: { Name: props.name },
    }).id;
  }

  /** Lets the bastion speak HTTPS to the endpoints. */
  allowEndpoints(endpoints: readonly InterfaceEndpoint[]): void {
    const scope = new Construct(this, "to_endpoint");
    for (const { service, securityGroupId } of endpoints)
      this.#allow(scope, service, {
        description: `HTTPS to the ${service} endpoint`,
        port: HTTPS_PORT,
        destination: { referencedSecurityGroupId: securityGroupId },
      });
  }

  /** The same for endpoints that were there before: which groups they have is known to Terraform only. */
  allowExistingEndpoints({ securityGroupIds, preconditions }: ExistingEndpointGroups): void {
    const forEach = TerraformIterator.fromList(securityGroupIds);
    this.#allow(this, "to_existing_endpoints", {
      description: "HTTPS to existing endpoints",
      port: HTTPS_PORT,
      destination: { forEach, referencedSecurityGroupId: Token.asString(forEach.value) },
      ...(preconditions.length === 0 ? {} : { lifecycle: { precondition: preconditions } }),
    });
  }

  /** Lets the bastion speak HTTPS to S3, by the addresses of its gateway endpoint. */
  allowS3(prefixListId: string): void {
    this.#allow(this, "to_s3", { description: "HTTPS to S3", port: HTTPS_PORT, destination: { prefixListId } });
  }

  /** Lets the bastion speak HTTPS to everybody: AWS's public addresses are many, and change. */
  allowInternet(): void {
    const destination = { cidrIpv4: ANYWHERE };
    this.#allow(this, "to_internet", { description: "HTTPS to AWS, by the internet", port: HTTPS_PORT, destination });
  }

  /** Lets the bastion reach the targets. Two of them may be behind one rule, since EC2 refuses the same rule twice. */
  allowTargets(targets: readonly BastionTarget[]): void {
    const scope = new Construct(this, "to_target");
    for (const id of new Set(targets.map(ruleId))) {
      const [target, ...others] = targets.filter((each) => ruleId(each) === id);
      if (target === undefined) continue;
      const names = [target, ...others].map(({ name }) => name).join(", ");
      this.#allow(scope, id, {
        description: `To ${names}`.slice(0, MAX_DESCRIPTION_CHARACTERS),
        port: target.port,
        destination: destinationOf(target),
      });
    }
  }

  #allow(scope: Construct, id: string, { description, port, destination, lifecycle }: EgressRule): void {
    const rule = new VpcSecurityGroupEgressRule(scope, id, {
      securityGroupId: this.securityGroupId,
      description,
      ipProtocol: "tcp",
      fromPort: port,
      toPort: port,
      ...destination,
      ...(lifecycle === undefined ? {} : { lifecycle }),
    });
    this.rules.push(rule);
  }
}

interface EgressRule {
  readonly description: string;
  readonly port: number;
  readonly destination: Destination;
  readonly lifecycle?: { readonly precondition: Precondition[] };
}

type Destination =
  | { readonly cidrIpv4: string }
  | { readonly prefixListId: string }
  | { readonly referencedSecurityGroupId: string; readonly forEach?: ITerraformIterator };

function destinationOf({ cidr, security_group_id }: BastionTarget): Destination {
  if (cidr !== undefined) return { cidrIpv4: cidr };
  if (security_group_id !== undefined) return { referencedSecurityGroupId: security_group_id };
  throw new TypeError("a target has a cidr or a security group");
}

/** What the rule opens is its identity, so that renaming or reordering targets replaces nothing: `5432-10.20.0.0-24`. */
function ruleId({ port, cidr, security_group_id }: BastionTarget): string {
  return `${port}-${(cidr ?? security_group_id ?? "").replace("/", "-")}`;
}
