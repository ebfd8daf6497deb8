// The parts that our own networks are made of: the VPC, its subnets and zones, the routes of a subnet.
import { Fn, Op } from "cdktf";
import { Construct } from "constructs";
import { DefaultSecurityGroup } from "@cdktf/provider-aws/lib/default-security-group/index.js";
import { InternetGateway } from "@cdktf/provider-aws/lib/internet-gateway/index.js";
import { RouteTable } from "@cdktf/provider-aws/lib/route-table/index.js";
import { RouteTableAssociation } from "@cdktf/provider-aws/lib/route-table-association/index.js";
import { Subnet } from "@cdktf/provider-aws/lib/subnet/index.js";
import { Vpc } from "@cdktf/provider-aws/lib/vpc/index.js";

/** Every address of IPv4's. */
const ANYWHERE = "0.0.0.0/0";

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

export interface VpcProps {
  /** Name tag of everything in it. */
  readonly name: string;
  /** Addresses of the VPC. */
  readonly vpcCidr: string;
}

/** Adds the VPC, with names for the endpoints and a default security group that reaches nothing. */
export function addVpc(scope: Construct, { name, vpcCidr }: VpcProps): Vpc {
  const vpc = new Vpc(scope, "vpc", {
    cidrBlock: vpcCidr,
    // Both, or the endpoints' private names do not resolve.
    enableDnsSupport: true,
    enableDnsHostnames: true,
    tags: { Name: name },
  });
  // Named here with no rules, it loses those that AWS puts in: whoever lands in it by mistake reaches nothing.
  new DefaultSecurityGroup(scope, "default_security_group", { vpcId: vpc.id, tags: { Name: `${name}-unused` } });
  return vpc;
}

export interface SubnetsProps {
  /** Their Name tag. */
  readonly name: string;
  /** Where they lie. */
  readonly vpcId: string;
  /** Addresses of each. */
  readonly cidrs: readonly string[];
  /** Which zones they lie in. */
  readonly zoneChoice: ZoneChoice;
}

/** Adds subnets, in the zones' order; returns their ids. None gives out public addresses by itself. */
export function addSubnets(scope: Construct, id: string, { name, vpcId, cidrs, zoneChoice }: SubnetsProps): string[] {
  const subnets = new Construct(scope, id);
  return cidrs.map(
    (cidrBlock, index) =>
      new Subnet(subnets, String(index + 1), {
        vpcId,
        cidrBlock,
        mapPublicIpOnLaunch: false,
        tags: { Name: name },
        ...placement(zoneChoice, index),
      }).id,
  );
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

/** Where a route table leads what is not for the VPC itself. */
export type WayOut = { readonly gatewayId: string } | { readonly natGatewayId: string };

export interface RouteTableProps {
  /** Its Name tag. */
  readonly name: string;
  /** Where it stands. */
  readonly vpcId: string;
  /**
   * Where it leads to.
   *
   * @default - nowhere
   */
  readonly wayOut?: WayOut;
}

/** Adds a route table that is kept as it is: a route that someone adds by hand is taken out again. */
export function addRouteTable(scope: Construct, id: string, { name, vpcId, wayOut }: RouteTableProps): RouteTable {
  const route = wayOut === undefined ? [] : [{ cidrBlock: ANYWHERE, ...wayOut }];
  return new RouteTable(scope, id, { vpcId, route, tags: { Name: name } });
}

/** Gives each subnet its route table. */
export function associate(
  scope: Construct,
  id: string,
  subnetIds: readonly string[],
  routeTableOf: (index: number) => RouteTable,
): RouteTableAssociation[] {
  const associations = new Construct(scope, id);
  return subnetIds.map(
    (subnetId, index) =>
      new RouteTableAssociation(associations, String(index + 1), { subnetId, routeTableId: routeTableOf(index).id }),
  );
}

/** Adds the VPC's door to the internet; nothing goes through it without a route and a public address. */
export function addInternetGateway(scope: Construct, name: string, vpcId: string): InternetGateway {
  return new InternetGateway(scope, "internet_gateway", { vpcId, tags: { Name: name } });
}
