// A VPC and subnets that were there before: looked up, checked as far as a plan can, and left as they are.
import { Fn, Op, TerraformIterator, TerraformLocal, TerraformSelf, Token, type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { DataAwsSubnet } from "@cdktf/provider-aws/lib/data-aws-subnet/index.js";
import { DataAwsSubnets } from "@cdktf/provider-aws/lib/data-aws-subnets/index.js";
import { DataAwsVpc } from "@cdktf/provider-aws/lib/data-aws-vpc/index.js";
import type { Network, SharedNetwork } from "./network.ts";

/** Tag keys and the value that each must have. */
export type Tags = Readonly<Record<string, string>>;

export interface ExistingNetworkProps {
  /** The one VPC with this id, or with these tags. */
  readonly vpc: { readonly id: string } | { readonly tags: Tags };
  /** The subnets with these ids, or all of the VPC with these tags. */
  readonly subnets: { readonly ids: readonly string[] } | { readonly tags: Tags };
  /** Whether calls find the internet where no endpoint takes them: by a NAT gateway, a transit gateway, a proxy. */
  readonly reachesInternet: boolean;
  /** Whether there are endpoints, whose private names must resolve. */
  readonly hasEndpoints: boolean;
}

/**
 * Adds nothing but data sources. Whether routes and network ACLs let the calls pass is not looked at: `doctor` tells.
 */
export class ExistingNetwork extends Construct implements Network {
  readonly vpcId: string;
  readonly subnetIds: string[];
  readonly routeTableIds = [];
  readonly routes: ITerraformDependable[] = [];
  readonly reachesInternet: boolean;
  readonly needsPublicAddresses = false;
  readonly shared: SharedNetwork;

  constructor(scope: Construct, id: string, props: ExistingNetworkProps) {
    super(scope, id);
    const vpc = this.#findVpc(props);
    this.vpcId = vpc.id;
    this.subnetIds = this.#findSubnetIds(props);
    this.shared = {
      vpcCidrs: this.#list("vpc_cidrs", `${vpc.fqn}.cidr_block_associations[*].cidr_block`),
      subnetCidrs: this.#findSubnetCidrs(this.subnetIds),
    };
    this.reachesInternet = props.reachesInternet;
  }

  #findVpc({ vpc, hasEndpoints }: ExistingNetworkProps): DataAwsVpc {
    const flags = hasEndpoints ? ["enable_dns_support", "enable_dns_hostnames"] : ["enable_dns_support"];
    return new DataAwsVpc(this, "vpc", {
      ...vpc,
      lifecycle: {
        postcondition: flags.map((flag) => ({
          condition: `\${self.${flag}}`,
          errorMessage: `${flag} is off in VPC \${self.id}: without it the names of AWS's services do not resolve to where the bastion can go`,
        })),
      },
    });
  }

  #findSubnetIds({ subnets }: ExistingNetworkProps): string[] {
    if ("ids" in subnets) return [...subnets.ids];
    const tags = Object.entries(subnets.tags).map(([key, value]) => ({ name: `tag:${key}`, values: [value] }));
    const found = new DataAwsSubnets(this, "subnets", {
      filter: [{ name: "vpc-id", values: [this.vpcId] }, ...tags],
      lifecycle: {
        postcondition: [
          {
            condition: Op.gte(Fn.lengthOf(TerraformSelf.getAny("ids")), 1),
            errorMessage: "no subnet of the VPC has all of the subnet_tags",
          },
        ],
      },
    });
    return Fn.sort(found.ids);
  }

  #findSubnetCidrs(subnetIds: string[]): string[] {
    const each = TerraformIterator.fromList(subnetIds);
    const found = new DataAwsSubnet(this, "subnet", {
      forEach: each,
      id: Token.asString(each.value),
      lifecycle: {
        postcondition: [
          {
            condition: Op.eq(TerraformSelf.getString("vpc_id"), this.vpcId),
            errorMessage: "subnet ${self.id} is not in the VPC that existing_network names, but in ${self.vpc_id}",
          },
        ],
      },
    });
    return this.#list("subnet_cidrs", `[for subnet in ${found.fqn} : subnet.cidr_block]`);
  }

  /** A list that cdktf has no words for, by a name that others can refer to. */
  #list(id: string, expression: string): string[] {
    return new TerraformLocal(this, id, `\${${expression}}`).asList;
  }
}
