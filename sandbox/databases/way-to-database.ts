// Whether the deployed network lets an instance reach a database: groups on both sides, and the ACLs between subnets.
import type { EC2Client } from "@aws-sdk/client-ec2";
import { DescribeInstancesCommand } from "@aws-sdk/client-ec2";
import { aclFault, permits } from "../registration/firewalls.ts";
import type { InstanceFacts } from "../registration/facts.ts";
import { instanceFacts } from "../registration/read-facts.ts";
import { readNetwork } from "../registration/read-network.ts";

/** Where a database is. */
export interface DatabasePlace {
  readonly networkInterfaceId: string;
  readonly address: string;
  readonly port: number;
  readonly subnetId: string;
  readonly vpcId: string;
  readonly securityGroupIds: readonly string[];
}

export interface WayQuestion {
  readonly ec2: EC2Client;
  readonly instanceId: string;
  readonly place: DatabasePlace;
}

/** What keeps the instance's connections from the database; undefined if nothing does. Peered VPCs are not modelled. */
export async function explainWay({ ec2, instanceId, place }: WayQuestion): Promise<string | undefined> {
  const filter = { Name: "instance-id", Values: [instanceId] };
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ Filters: [filter] }));
  const described = Reservations[0]?.Instances?.[0];
  if (described?.VpcId !== place.vpcId) return `"${instanceId}" is in another VPC`;
  const network = await readNetwork(ec2, place.vpcId);
  if (network === undefined) return `VPC "${place.vpcId}" is gone`;
  const instance = instanceFacts(described);
  return groupFault(instance, place, network) ?? aclFault(interfaceOf(place), { instance, network }, place.port);
}

function groupFault(
  instance: InstanceFacts,
  place: DatabasePlace,
  network: NonNullable<Awaited<ReturnType<typeof readNetwork>>>,
): string | undefined {
  const rules = (ids: readonly string[], way: "egress" | "ingress") =>
    ids.flatMap((id) => network.securityGroups.get(id)?.[way] ?? []);
  const { port, address, securityGroupIds } = place;
  if (!permits(rules(instance.securityGroupIds, "egress"), { address, securityGroupIds, port }, network))
    return `the instance's security groups let nothing out to port ${port} of ${address}`;
  const caller = { address: instance.privateIpAddress, securityGroupIds: instance.securityGroupIds, port };
  if (!permits(rules(securityGroupIds, "ingress"), caller, network))
    return `the database's security groups let nothing in to port ${port} from ${caller.address}`;
  return undefined;
}

function interfaceOf({ subnetId, address }: DatabasePlace): { subnetId: string; privateIpAddress: string } {
  return { subnetId, privateIpAddress: address };
}
