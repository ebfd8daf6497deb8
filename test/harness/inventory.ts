// Names of all that a stack can leave behind in an AWS account, as far as the sandbox knows it.
import { CloudTrailClient, DescribeTrailsCommand } from "@aws-sdk/client-cloudtrail";
import {
  DescribeAddressesCommand,
  DescribeFlowLogsCommand,
  DescribeInstancesCommand,
  DescribeInternetGatewaysCommand,
  DescribeNatGatewaysCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  DescribeVpcEndpointsCommand,
  DescribeVpcsCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { EventBridgeClient, ListRulesCommand } from "@aws-sdk/client-eventbridge";
import {
  IAMClient,
  ListGroupsCommand,
  ListInstanceProfilesCommand,
  ListPoliciesCommand,
  ListRolesCommand,
  ListUsersCommand,
} from "@aws-sdk/client-iam";
import { KMSClient, ListAliasesCommand } from "@aws-sdk/client-kms";
import { DescribeDBInstancesCommand, RDSClient } from "@aws-sdk/client-rds";
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { ListTopicsCommand, SNSClient } from "@aws-sdk/client-sns";
import { ListAssociationsCommand, ListDocumentsCommand, SSMClient } from "@aws-sdk/client-ssm";
import type { Endpoint } from "../../sandbox/sandbox.ts";

/** Sorted. Terminated instances and deleted endpoints, which stay in sight for a while, do not count. */
export async function inventory({ url, region, deployer }: Endpoint): Promise<string[]> {
  const configuration = { endpoint: url, region, credentials: deployer };
  const parts = await Promise.all([
    network(new EC2Client(configuration)),
    machines(new EC2Client(configuration)),
    identities(new IAMClient(configuration)),
    stores(configuration),
    records(configuration),
  ]);
  return parts.flat().map(String).sort();
}

type Names = (string | undefined)[];

async function network(ec2: EC2Client): Promise<Names> {
  const [vpcs, subnets, groups, tables, endpoints, gateways, natGateways, addresses] = await Promise.all([
    ec2.send(new DescribeVpcsCommand({})),
    ec2.send(new DescribeSubnetsCommand({})),
    ec2.send(new DescribeSecurityGroupsCommand({})),
    ec2.send(new DescribeRouteTablesCommand({})),
    ec2.send(new DescribeVpcEndpointsCommand({})),
    ec2.send(new DescribeInternetGatewaysCommand({})),
    ec2.send(new DescribeNatGatewaysCommand({})),
    ec2.send(new DescribeAddressesCommand({})),
  ]);
  return [
    ...(vpcs.Vpcs ?? []).map(({ VpcId }) => VpcId),
    ...(subnets.Subnets ?? []).map(({ SubnetId }) => SubnetId),
    ...(groups.SecurityGroups ?? []).map(({ GroupId }) => GroupId),
    ...(tables.RouteTables ?? []).map(({ RouteTableId }) => RouteTableId),
    ...(endpoints.VpcEndpoints ?? [])
      .filter(({ State }) => String(State) !== "deleted")
      .map(({ VpcEndpointId }) => VpcEndpointId),
    ...(gateways.InternetGateways ?? []).map(({ InternetGatewayId }) => InternetGatewayId),
    ...(natGateways.NatGateways ?? []).filter(({ State }) => State !== "deleted").map((each) => each.NatGatewayId),
    ...(addresses.Addresses ?? []).map(({ AllocationId }) => AllocationId),
  ];
}

async function machines(ec2: EC2Client): Promise<Names> {
  const [interfaces, flowLogs, volumes, instances] = await Promise.all([
    ec2.send(new DescribeNetworkInterfacesCommand({})),
    ec2.send(new DescribeFlowLogsCommand({})),
    ec2.send(new DescribeVolumesCommand({})),
    ec2.send(new DescribeInstancesCommand({})),
  ]);
  return [
    ...(interfaces.NetworkInterfaces ?? []).map(({ NetworkInterfaceId }) => NetworkInterfaceId),
    ...(flowLogs.FlowLogs ?? []).map(({ FlowLogId }) => FlowLogId),
    ...(volumes.Volumes ?? []).map(({ VolumeId }) => VolumeId),
    ...(instances.Reservations ?? [])
      .flatMap(({ Instances }) => Instances ?? [])
      .filter(({ State }) => State?.Name !== "terminated")
      .map(({ InstanceId }) => InstanceId),
  ];
}

async function identities(iam: IAMClient): Promise<Names> {
  const [roles, policies, profiles, groups, users] = await Promise.all([
    iam.send(new ListRolesCommand({})),
    iam.send(new ListPoliciesCommand({ Scope: "Local" })),
    iam.send(new ListInstanceProfilesCommand({})),
    iam.send(new ListGroupsCommand({})),
    iam.send(new ListUsersCommand({})),
  ]);
  return [
    ...(roles.Roles ?? []).map(({ Arn }) => Arn),
    ...(policies.Policies ?? []).map(({ Arn }) => Arn),
    ...(profiles.InstanceProfiles ?? []).map(({ Arn }) => Arn),
    ...(groups.Groups ?? []).map(({ Arn }) => Arn),
    ...(users.Users ?? []).map(({ Arn }) => Arn),
  ];
}

async function records(configuration: object): Promise<Names> {
  const [topics, rules, trails, associations] = await Promise.all([
    new SNSClient(configuration).send(new ListTopicsCommand({})),
    new EventBridgeClient(configuration).send(new ListRulesCommand({})),
    new CloudTrailClient(configuration).send(new DescribeTrailsCommand({})),
    new SSMClient(configuration).send(new ListAssociationsCommand({})),
  ]);
  return [
    ...(topics.Topics ?? []).map(({ TopicArn }) => TopicArn),
    ...(rules.Rules ?? []).map(({ Arn }) => Arn),
    ...(trails.trailList ?? []).map(({ TrailARN }) => TrailARN),
    ...(associations.Associations ?? []).map(({ AssociationId }) => AssociationId),
  ];
}

/** Keys are left out, since AWS deletes them a month later: their aliases go at once. */
async function stores(configuration: object): Promise<Names> {
  const [aliases, databases, buckets, documents] = await Promise.all([
    new KMSClient(configuration).send(new ListAliasesCommand({})),
    new RDSClient(configuration).send(new DescribeDBInstancesCommand({})),
    new S3Client({ ...configuration, forcePathStyle: true }).send(new ListBucketsCommand({})),
    new SSMClient(configuration).send(new ListDocumentsCommand({ Filters: [{ Key: "Owner", Values: ["Self"] }] })),
  ]);
  return [
    // AWS's own appear with the first thing that is encrypted.
    ...(aliases.Aliases ?? []).map(({ AliasArn }) => AliasArn).filter((arn) => !arn?.includes(":alias/aws/")),
    ...(databases.DBInstances ?? []).map(({ DBInstanceArn }) => DBInstanceArn),
    ...(buckets.Buckets ?? []).map(({ Name }) => Name),
    ...(documents.DocumentIdentifiers ?? []).map(({ Name }) => Name),
  ];
}
