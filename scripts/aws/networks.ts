// EC2's networks: where an instance stands, and what its security groups and subnets are.
import {
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  EC2Client,
  type IpPermission,
} from "@aws-sdk/client-ec2";
import type { NetworkPorts, SecurityGroupRule } from "../command/network-ports.ts";
import { type ClientSettings, calling, clientConfiguration } from "./client-settings.ts";

/** The needs that EC2 meets. */
export function networkPorts(
  settings: ClientSettings,
): Pick<NetworkPorts, "instanceNetwork" | "findSecurityGroups" | "subnetCidrs"> {
  const client = new EC2Client(clientConfiguration(settings));
  settings.logCalls(client.middlewareStack);
  return {
    async instanceNetwork(instanceId) {
      const { Reservations } = await calling("ec2:DescribeInstances", instanceId, settings, () =>
        client.send(new DescribeInstancesCommand({ Filters: [{ Name: "instance-id", Values: [instanceId] }] })),
      );
      const instance = Reservations?.[0]?.Instances?.[0];
      if (instance === undefined) return undefined;
      const { VpcId: vpcId = "", PrivateIpAddress: privateIpAddress = "", SecurityGroups: groups = [] } = instance;
      return { vpcId, privateIpAddress, securityGroupIds: groups.flatMap(({ GroupId }) => GroupId ?? []) };
    },
    // Filters, since asking for an id that does not exist is an error.
    async findSecurityGroups(securityGroupIds) {
      const { SecurityGroups = [] } = await calling("ec2:DescribeSecurityGroups", undefined, settings, () =>
        client.send(
          new DescribeSecurityGroupsCommand({ Filters: [{ Name: "group-id", Values: [...securityGroupIds] }] }),
        ),
      );
      return SecurityGroups.map(({ GroupId = "", IpPermissions = [], IpPermissionsEgress = [] }) => ({
        securityGroupId: GroupId,
        ingress: IpPermissions.map(rule),
        egress: IpPermissionsEgress.map(rule),
      }));
    },
    async subnetCidrs(subnetIds) {
      const { Subnets = [] } = await calling("ec2:DescribeSubnets", undefined, settings, () =>
        client.send(new DescribeSubnetsCommand({ Filters: [{ Name: "subnet-id", Values: [...subnetIds] }] })),
      );
      return Subnets.flatMap(({ CidrBlock }) => CidrBlock ?? []);
    },
  };
}

function rule(permission: IpPermission): SecurityGroupRule {
  const { IpProtocol = "-1", IpRanges = [], UserIdGroupPairs = [], PrefixListIds = [] } = permission;
  return {
    protocol: IpProtocol,
    fromPort: permission.FromPort ?? 0,
    toPort: permission.ToPort ?? 65_535,
    cidrs: IpRanges.flatMap(({ CidrIp }) => CidrIp ?? []),
    securityGroupIds: UserIdGroupPairs.flatMap(({ GroupId }) => GroupId ?? []),
    hasPrefixLists: PrefixListIds.length > 0,
  };
}
