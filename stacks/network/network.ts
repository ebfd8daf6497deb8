// What the bastion needs to know of the network that it stands in, whichever kind that is.
import { Fn, Token, type ITerraformDependable } from "cdktf";

/** A network with subnets for bastions: an isolated one, one with a way to the internet, or one that was there before. */
export interface Network {
  readonly vpcId: string;
  /**
   * The bastions' subnets, each in a zone of its own. In an existing network it may be a Terraform list, to be handed on
   * whole or read by `subnetAt`.
   */
  readonly subnetIds: string[];
  /** The subnets' route tables; none where they are somebody else's. */
  readonly routeTableIds: readonly string[];
  /** What must exist before an instance starts, or its first call finds no route. */
  readonly routes: ITerraformDependable[];
  /** Whether calls leave by the internet where no endpoint takes them. */
  readonly reachesInternet: boolean;
  /** Whether an instance needs a public address for that, because no NAT gateway lends it one. */
  readonly needsPublicAddresses: boolean;
  /** What is known of a network that others use too; undefined where it is the bastion's alone. */
  readonly shared: SharedNetwork | undefined;
}

/** Addresses of a network that was there before, as Terraform lists. */
export interface SharedNetwork {
  /** All blocks of the VPC. */
  readonly vpcCidrs: string[];
  /** Those of the bastions' subnets. */
  readonly subnetCidrs: string[];
}

/** The subnet of the bastion with this index: they take the subnets by turns. */
export function subnetAt(subnetIds: readonly string[], index: number): string {
  if (Token.isUnresolved(subnetIds)) return Fn.element(subnetIds, index) as string;
  const subnetId = subnetIds[index % subnetIds.length];
  if (subnetId === undefined) throw new RangeError("bastions need a subnet");
  return subnetId;
}
