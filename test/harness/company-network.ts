// A VPC that was there before any stack: two private subnets, and the endpoints that a company keeps for all in it.
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  DescribeRouteTablesCommand,
  ModifyVpcAttributeCommand,
  type EC2Client,
} from "@aws-sdk/client-ec2";

const VPC_CIDR = "10.30.0.0/26";

export interface CompanyNetwork {
  readonly vpcId: string;
  readonly subnetIds: readonly [string, string];
  /** Of the interface endpoints; lets the first subnet in, and not the second one. */
  readonly endpointGroupId: string;
  readonly endpointIds: { readonly ssm: string; readonly ssmmessages: string; readonly s3: string };
}

/** Tags tell it from others: VPC and subnets have `Company`, and the second subnet a `Tier` too. */
export async function createCompanyNetwork(ec2: EC2Client, region: string): Promise<CompanyNetwork> {
  const vpcId = await createVpc(ec2);
  const subnetIds = [
    await createSubnet(ec2, { vpcId, cidr: "10.30.0.0/28", zone: `${region}a`, tier: "open" }),
    await createSubnet(ec2, { vpcId, cidr: "10.30.0.16/28", zone: `${region}b`, tier: "closed" }),
  ] as const;
  const endpointGroupId = await createGroup(ec2, vpcId);
  const place = { vpcId, subnetIds, endpointGroupId, region };
  return {
    vpcId,
    subnetIds,
    endpointGroupId,
    endpointIds: {
      ssm: await createInterface(ec2, "ssm", place),
      ssmmessages: await createInterface(ec2, "ssmmessages", place),
      s3: await createGateway(ec2, place),
    },
  };
}

async function createVpc(ec2: EC2Client): Promise<string> {
  const Tags = [{ Key: "Company", Value: "acme" }];
  const TagSpecifications = [{ ResourceType: "vpc" as const, Tags }];
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: VPC_CIDR, TagSpecifications }));
  const VpcId = Vpc?.VpcId ?? "";
  await ec2.send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: true } }));
  return VpcId;
}

interface SubnetPlace {
  readonly vpcId: string;
  readonly cidr: string;
  readonly zone: string;
  readonly tier: string;
}

async function createSubnet(ec2: EC2Client, { vpcId, cidr, zone, tier }: SubnetPlace): Promise<string> {
  const Tags = [
    { Key: "Company", Value: "acme" },
    { Key: "Tier", Value: tier },
  ];
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({
      VpcId: vpcId,
      CidrBlock: cidr,
      AvailabilityZone: zone,
      TagSpecifications: [{ ResourceType: "subnet", Tags }],
    }),
  );
  return Subnet?.SubnetId ?? "";
}

async function createGroup(ec2: EC2Client, VpcId: string): Promise<string> {
  const group = { VpcId, GroupName: "company-endpoints", Description: "Endpoints" };
  const { GroupId = "" } = await ec2.send(new CreateSecurityGroupCommand(group));
  const IpRanges = [{ CidrIp: "10.30.0.0/28" }];
  const IpPermissions = [{ IpProtocol: "tcp", FromPort: 443, ToPort: 443, IpRanges }];
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  return GroupId;
}

interface EndpointPlace {
  readonly vpcId: string;
  readonly subnetIds: readonly [string, string];
  readonly endpointGroupId: string;
  readonly region: string;
}

async function createInterface(ec2: EC2Client, service: string, place: EndpointPlace): Promise<string> {
  const { VpcEndpoint } = await ec2.send(
    new CreateVpcEndpointCommand({
      VpcId: place.vpcId,
      ServiceName: `com.amazonaws.${place.region}.${service}`,
      VpcEndpointType: "Interface",
      SubnetIds: [...place.subnetIds],
      SecurityGroupIds: [place.endpointGroupId],
      PrivateDnsEnabled: true,
    }),
  );
  return VpcEndpoint?.VpcEndpointId ?? "";
}

async function createGateway(ec2: EC2Client, { vpcId, region }: EndpointPlace): Promise<string> {
  const Filters = [{ Name: "vpc-id", Values: [vpcId] }];
  const { RouteTables = [] } = await ec2.send(new DescribeRouteTablesCommand({ Filters }));
  const { VpcEndpoint } = await ec2.send(
    new CreateVpcEndpointCommand({
      VpcId: vpcId,
      ServiceName: `com.amazonaws.${region}.s3`,
      VpcEndpointType: "Gateway",
      RouteTableIds: RouteTables.flatMap(({ RouteTableId }) => RouteTableId ?? []),
    }),
  );
  return VpcEndpoint?.VpcEndpointId ?? "";
}
