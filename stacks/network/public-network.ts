// A VPC with public subnets: an instance with a public address reaches the internet, and nothing reaches the instance.
import { Construct } from "constructs";
import type { RouteTableAssociation } from "@cdktf/provider-aws/lib/route-table-association/index.js";
import type { Network } from "./network.ts";
import {
  addInternetGateway,
  addRouteTable,
  addSubnets,
  addVpc,
  associate,
  type VpcProps,
  type ZoneChoice,
} from "./vpc.ts";

export interface PublicNetworkProps extends VpcProps {
  /** Addresses of the subnets, each in a zone of its own. */
  readonly subnetCidrs: readonly string[];
  /** Which zones the subnets lie in. */
  readonly zoneChoice: ZoneChoice;
}

/** Subnets with a route to an internet gateway; who may come in is the security groups' business. */
export class PublicNetwork extends Construct implements Network {
  readonly vpcId: string;
  readonly subnetIds: string[];
  readonly routeTableIds: readonly string[];
  readonly routes: RouteTableAssociation[];
  readonly reachesInternet = true;
  readonly needsPublicAddresses = true;
  readonly shared = undefined;

  constructor(scope: Construct, id: string, props: PublicNetworkProps) {
    super(scope, id);
    const { name, subnetCidrs: cidrs, zoneChoice } = props;
    this.vpcId = addVpc(this, props).id;
    const { id: gatewayId } = addInternetGateway(this, name, this.vpcId);
    const routeTable = addRouteTable(this, "route_table", { name, vpcId: this.vpcId, wayOut: { gatewayId } });
    this.subnetIds = addSubnets(this, "subnet", { name, vpcId: this.vpcId, cidrs, zoneChoice });
    this.routes = associate(this, "route_table_association", this.subnetIds, () => routeTable);
    this.routeTableIds = [routeTable.id];
  }
}
