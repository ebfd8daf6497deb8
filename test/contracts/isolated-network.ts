// An isolated bastion, made by hand with EC2 and IAM calls: what the stack deploys, without Terraform's minute.
import {
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  DescribeNetworkAclsCommand,
  ModifyVpcAttributeCommand,
  ReplaceNetworkAclEntryCommand,
  RevokeSecurityGroupEgressCommand,
  RunInstancesCommand,
  type IpPermission,
} from "@aws-sdk/client-ec2";
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import type { MotoClients } from "../../sandbox/moto/moto-clients.ts";
import { ACCOUNT, REGION } from "../harness/moto.ts";

type Clients = Pick<MotoClients, "ec2" | "iam">;

export interface IsolatedNetwork {
  /** Of role, profile and inline policy. */
  readonly name: string;
  readonly region: string;
  readonly vpcId: string;
  readonly subnetId: string;
  /** Where the endpoints are: the bastion's subnet, unless they are to stand apart. */
  readonly endpointSubnetId: string;
  readonly bastionGroupId: string;
  readonly endpointGroupId: string;
  readonly instanceId: string;
  /** Endpoint ids. */
  readonly endpoints: { readonly ssm: string; readonly ssmmessages: string };
}

/** Amazon Linux 2, from moto's own list; nothing boots. */
const IMAGE_ID = "ami-04681a1dbd79675a5";
const TRUST = { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" };

export const AGENT_STATEMENTS = [
  {
    Effect: "Allow",
    Action: "ssm:UpdateInstanceInformation",
    Resource: `arn:aws:ec2:${REGION}:${ACCOUNT}:instance/*`,
  },
  {
    Effect: "Allow",
    Action: ["Create", "Open"].flatMap((verb) => [
      `ssmmessages:${verb}ControlChannel`,
      `ssmmessages:${verb}DataChannel`,
    ]),
    Resource: "*",
  },
];

export function policy(Statement: unknown): string {
  return JSON.stringify({ Version: "2012-10-17", Statement });
}

export function endpointPolicy(roleName: string, Action: string): string {
  const Condition = {
    StringEquals: { "aws:PrincipalAccount": ACCOUNT },
    ArnEquals: { "aws:PrincipalArn": `arn:aws:iam::${ACCOUNT}:role/${roleName}` },
  };
  return policy([{ Effect: "Allow", Principal: "*", Action, Resource: "*", Condition }]);
}

/** TCP 443, to or from a security group. */
export function https(groupId: string): IpPermission[] {
  return [{ IpProtocol: "tcp", FromPort: 443, ToPort: 443, UserIdGroupPairs: [{ GroupId: groupId }] }];
}

/**
 * @param name - unlike any other in this moto
 * @param endpoints - `apart` puts them in a subnet of their own, so that network ACLs are asked
 * @param region - the one that the clients speak to
 */
export async function createIsolatedNetwork(
  moto: Clients,
  name: string,
  endpoints: "beside" | "apart" = "beside",
  region = REGION,
): Promise<IsolatedNetwork> {
  const { ec2 } = moto;
  await createRole(moto, name, region);
  const { vpcId, subnetId } = await createVpc(moto);
  const endpointSubnetId = endpoints === "apart" ? await createSubnet(moto, vpcId, "10.10.0.224/28") : subnetId;
  const [bastionGroupId, endpointGroupId] = [
    await createGroup(moto, vpcId, `${name}-bastion`),
    await createGroup(moto, vpcId, `${name}-endpoints`),
  ];
  const egress = { GroupId: bastionGroupId, IpPermissions: https(endpointGroupId) };
  await ec2.send(new AuthorizeSecurityGroupEgressCommand(egress));
  const ingress = { GroupId: endpointGroupId, IpPermissions: https(bastionGroupId) };
  await ec2.send(new AuthorizeSecurityGroupIngressCommand(ingress));
  const network = { name, region, vpcId, subnetId, endpointSubnetId, bastionGroupId, endpointGroupId };
  const endpointIds = {
    ssm: await createEndpoint(moto, network, "ssm"),
    ssmmessages: await createEndpoint(moto, network, "ssmmessages"),
  };
  return { ...network, endpoints: endpointIds, instanceId: await runInstance(moto, network) };
}

async function createRole({ iam }: Clients, name: string, region: string): Promise<void> {
  await iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: policy([TRUST]) }));
  const document = policy(AGENT_STATEMENTS).replaceAll(REGION, region);
  await iam.send(new PutRolePolicyCommand({ RoleName: name, PolicyName: name, PolicyDocument: document }));
  await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: name }));
  await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: name, RoleName: name }));
}

async function createVpc(moto: Clients): Promise<{ vpcId: string; subnetId: string }> {
  const { ec2 } = moto;
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.10.0.224/27" }));
  const VpcId = Vpc?.VpcId ?? "";
  await ec2.send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: true } }));
  return { vpcId: VpcId, subnetId: await createSubnet(moto, VpcId, "10.10.0.240/28") };
}

async function createSubnet({ ec2 }: Clients, VpcId: string, CidrBlock: string): Promise<string> {
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock }));
  return Subnet?.SubnetId ?? "";
}

/** Lets the VPC's network ACL stop everything that goes out of a subnet. */
export async function stopAtNetworkAcl({ ec2 }: Clients, { vpcId }: IsolatedNetwork): Promise<void> {
  const Filters = [{ Name: "vpc-id", Values: [vpcId] }];
  const { NetworkAcls } = await ec2.send(new DescribeNetworkAclsCommand({ Filters }));
  await ec2.send(
    new ReplaceNetworkAclEntryCommand({
      NetworkAclId: NetworkAcls?.[0]?.NetworkAclId,
      RuleNumber: 100,
      Protocol: "-1",
      RuleAction: "deny",
      Egress: true,
      CidrBlock: "0.0.0.0/0",
    }),
  );
}

/** A group without any rule: the egress rule that AWS gives to each is taken away. */
async function createGroup({ ec2 }: Clients, VpcId: string, GroupName: string): Promise<string> {
  const { GroupId = "" } = await ec2.send(new CreateSecurityGroupCommand({ VpcId, GroupName, Description: GroupName }));
  const everything = [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }];
  await ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId, IpPermissions: everything }));
  return GroupId;
}

type Place = Omit<IsolatedNetwork, "endpoints" | "instanceId">;

async function createEndpoint({ ec2 }: Clients, place: Place, service: string): Promise<string> {
  const { VpcEndpoint } = await ec2.send(
    new CreateVpcEndpointCommand({
      VpcId: place.vpcId,
      ServiceName: `com.amazonaws.${place.region}.${service}`,
      VpcEndpointType: "Interface",
      SubnetIds: [place.endpointSubnetId],
      SecurityGroupIds: [place.endpointGroupId],
      PrivateDnsEnabled: true,
      PolicyDocument: endpointPolicy(place.name, `${service}:*`),
    }),
  );
  return VpcEndpoint?.VpcEndpointId ?? "";
}

async function runInstance({ ec2 }: Clients, place: Place): Promise<string> {
  const networkInterface = {
    DeviceIndex: 0,
    SubnetId: place.subnetId,
    Groups: [place.bastionGroupId],
    AssociatePublicIpAddress: false,
  };
  const { Instances } = await ec2.send(
    new RunInstancesCommand({
      ImageId: IMAGE_ID,
      InstanceType: "t3.nano",
      MinCount: 1,
      MaxCount: 1,
      IamInstanceProfile: { Name: place.name },
      NetworkInterfaces: [networkInterface],
    }),
  );
  return Instances?.[0]?.InstanceId ?? "";
}
