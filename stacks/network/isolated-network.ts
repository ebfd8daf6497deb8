// A VPC with private subnets and no way out: no internet gateway, no NAT, no route.
import { Fn, Op } from "cdktf";
import { Construct } from "constructs";
import { DefaultSecurityGroup } from "@cdktf/provider-aws/lib/default-security-group/index.js";
import { RouteTable } from "@cdktf/provider-aws/lib/route-table/index.js";
import { RouteTableAssociation } from "@cdktf/provider-aws/lib/route-table-association/index.js";
import { Subnet } from "@cdktf/provider-aws/lib/subnet/index.js";
import { Vpc } from "@cdktf/provider-aws/lib/vpc/index.js";

/** Which zone each subnet lies in. */
export type ZoneChoice =
  | { readonly kind: "named"; readonly zones: readonly string[] }
  | {
      /** A Terraform list, known at plan time; the first zones are taken when the subnets are made, and kept. */
      readonly kind: "offered";
      readonly zones: string[];
      /** What the zones must offer, for the error when there are none: `t3.nano and the endpoints`. */
      readonly offer: string;
    };

export interface IsolatedNetworkProps {
  /** Name tag of VPC, subnets and route table. */
  readonly name: string;
  /** Addresses of the VPC. */
  readonly vpcCidr: string;
  /** Addresses of the subnets, each in a zone of its own. */
  readonly subnetCidrs: readonly string[];
  /** Which zones the subnets lie in. */
  readonly zoneChoice: ZoneChoice;
}

/** Private subnets that can reach nothing but each other and what is put into them. */
export class IsolatedNetwork extends Construct {
  readonly vpcId: string;
  readonly subnetIds: string[];
  /** What must exist before an instance starts, or its first call finds no route. */
  readonly routes: RouteTableAssociation[];

  constructor(scope: Construct, id: string, props: IsolatedNetworkProps) {
    super(scope, id);
    const tags = { Name: props.name };
    const vpc = new Vpc(this, "vpc", {
      cidrBlock: props.vpcCidr,
      // Both, or the endpoints' private names do not resolve.
      enableDnsSupport: true,
      enableDnsHostnames: true,
      tags,
    });
    // Named here with no rules, it loses those that AWS puts in: whoever lands in it by mistake reaches nothing.
    new DefaultSecurityGroup(this, "default_security_group", { vpcId: vpc.id, tags: { Name: `${props.name}-unused` } });
    // An empty list, not none: a route that someone adds by hand is taken out again.
    const routeTable = new RouteTable(this, "route_table", { vpcId: vpc.id, route: [], tags });
    const subnets = new Construct(this, "subnet");
    const made = props.subnetCidrs.map(
      (cidrBlock, index) =>
        new Subnet(subnets, String(index + 1), {
          vpcId: vpc.id,
          cidrBlock,
          mapPublicIpOnLaunch: false,
          tags,
          ...placement(props.zoneChoice, index),
        }),
    );
    const associations = new Construct(this, "route_table_association");
    this.routes = made.map(
      ({ id: subnetId }, index) =>
        new RouteTableAssociation(associations, String(index + 1), { subnetId, routeTableId: routeTable.id }),
    );
    this.vpcId = vpc.id;
    this.subnetIds = made.map(({ id: subnetId }) => subnetId);
  }
}

/** The zone of the subnet with this index, and what keeps it. */
function placement(choice: ZoneChoice, index: number) {
  if (choice.kind === "named") {
    const zone = choice.zones[index];
    return zone === undefined ? {} : { availabilityZone: zone };
  }
  return {
    availabilityZone: Fn.element(choice.zones, index) as string,
    lifecycle: {
      // A zone that gains an offer, and so a place in the list, must not replace the subnet and the bastion with it.
      ignoreChanges: ["availability_zone"],
      precondition: [
        {
          condition: Op.gte(Fn.lengthOf(choice.zones), index + 1),
          errorMessage: `there is no further availability zone that offers ${choice.offer}: name one in availability_zones, or take another instance_type or Region`,
        },
      ],
    },
  };
}
