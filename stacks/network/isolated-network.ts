// A VPC with private subnets and no way out: no internet gateway, no NAT, no route.
import { Construct } from "constructs";
import type { RouteTableAssociation } from "@cdktf/provider-aws/lib/route-table-association/index.js";
import type { Network } from "./network.ts";
import { addRouteTable, addSubnets, addVpc, associate, type VpcProps, type ZoneChoice } from "./vpc.ts";

export interface IsolatedNetworkProps extends VpcProps {
  /** Addresses of the subnets, each in a zone of its own. */
  readonly subnetCidrs: readonly string[];
  /** Which zones the subnets lie in. */
  readonly zoneChoice: ZoneChoice;
}

/** Private subnets that can reach nothing but each other and what is put into them. */
export class IsolatedNetwork extends Construct implements Network {
  readonly vpcId: string;
  readonly subnetIds: string[];
  readonly routeTableIds: readonly string[];
  readonly routes: RouteTableAssociation[];
  readonly reachesInternet = false;
  readonly needsPublicAddresses = false;
  readonly shared = undefined;

  constructor(scope: Construct, id: string, props: IsolatedNetworkProps) {
    super(scope, id);
    const { name, subnetCidrs: cidrs, zoneChoice } = props;
    this.vpcId = addVpc(this, props).id;
    const routeTable = addRouteTable(this, "route_table", { name, vpcId: this.vpcId });
    this.subnetIds = addSubnets(this, "subnet", { name, vpcId: this.vpcId, cidrs, zoneChoice });
    this.routes = associate(this, "route_table_association", this.subnetIds, () => routeTable);
    this.routeTableIds = [routeTable.id];
  }
}
