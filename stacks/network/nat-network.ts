// A VPC with private subnets, whose calls leave by NAT gateways that stand in public ones.
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Eip } from "@cdktf/provider-aws/lib/eip/index.js";
import type { InternetGateway } from "@cdktf/provider-aws/lib/internet-gateway/index.js";
import { NatGateway } from "@cdktf/provider-aws/lib/nat-gateway/index.js";
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

export interface NatNetworkProps extends VpcProps {
  /** Addresses of the bastions' subnets, each in a zone of its own. */
  readonly privateSubnetCidrs: readonly string[];
  /**
   * Addresses of the NAT gateways' subnets: one for all, which costs least, or one for each private subnet in the same
   * zone, so that the end of one zone ends nothing else.
   */
  readonly publicSubnetCidrs: readonly string[];
  /** Which zones the subnets lie in. */
  readonly zoneChoice: ZoneChoice;
}

/** Private subnets that can call the internet, and that the internet cannot call. */
export class NatNetwork extends Construct implements Network {
  readonly vpcId: string;
  readonly subnetIds: string[];
  readonly routeTableIds: readonly string[];
  readonly routes: ITerraformDependable[];
  readonly reachesInternet = true;
  readonly needsPublicAddresses = false;
  readonly shared = undefined;

  constructor(scope: Construct, id: string, props: NatNetworkProps) {
    super(scope, id);
    const { name, privateSubnetCidrs: cidrs, zoneChoice } = props;
    const vpcId = addVpc(this, props).id;
    const gateways = this.#addGateways(vpcId, props);
    const scopeOfTables = new Construct(this, "route_table");
    const tables = gateways.natGateways.map(({ id: natGatewayId }, index) =>
      addRouteTable(scopeOfTables, String(index + 1), { name, vpcId, wayOut: { natGatewayId } }),
    );
    const routeTableOf = (index: number) => elementOf(tables, index);
    this.vpcId = vpcId;
    this.subnetIds = addSubnets(this, "subnet", { name, vpcId, cidrs, zoneChoice });
    this.routes = [...gateways.routes, ...associate(this, "route_table_association", this.subnetIds, routeTableOf)];
    this.routeTableIds = tables.map((table) => table.id);
  }

  /** The NAT gateways, and the routes that they need themselves. */
  #addGateways(vpcId: string, { name, publicSubnetCidrs: cidrs, zoneChoice }: NatNetworkProps) {
    const internetGateway = addInternetGateway(this, name, vpcId);
    const scope = new Construct(this, "public");
    const tags = `${name}-public`;
    const wayOut = { gatewayId: internetGateway.id };
    const routeTable = addRouteTable(scope, "route_table", { name: tags, vpcId, wayOut });
    const subnetIds = addSubnets(scope, "subnet", { name: tags, vpcId, cidrs, zoneChoice });
    const routes = associate(scope, "route_table_association", subnetIds, () => routeTable);
    const natGateways = subnetIds.map((subnetId, index) =>
      this.#natGateway({ name, subnetId, index, internetGateway }),
    );
    return { natGateways, routes };
  }

  #natGateway({ name, subnetId, index, internetGateway }: Place): NatGateway {
    const number = String(index + 1);
    const tags = { Name: name };
    // EC2 lets go of an internet gateway only when no address of its VPC is mapped to the internet any more.
    const dependsOn = [internetGateway];
    const address = new Eip(this, `nat_address_${number}`, { domain: "vpc", tags, dependsOn });
    return new NatGateway(this, `nat_gateway_${number}`, { subnetId, allocationId: address.id, tags, dependsOn });
  }
}

interface Place {
  readonly name: string;
  readonly subnetId: string;
  readonly index: number;
  readonly internetGateway: InternetGateway;
}

/** One for all, or one for each. */
function elementOf<Element>(list: readonly Element[], index: number): Element {
  const element = list[index % list.length];
  if (element === undefined) throw new RangeError("a NAT gateway needs a public subnet");
  return element;
}
