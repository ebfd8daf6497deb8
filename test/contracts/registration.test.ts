import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AssociateRouteTableCommand,
  AssociateVpcCidrBlockCommand,
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateInternetGatewayCommand,
  CreateManagedPrefixListCommand,
  CreateNatGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSubnetCommand,
  DeleteNatGatewayCommand,
  DeleteRouteCommand,
  DeleteSubnetCommand,
  DeleteVpcEndpointsCommand,
  DescribeRouteTablesCommand,
  DescribeNetworkInterfacesCommand,
  DisassociateAddressCommand,
  ModifyInstanceAttributeCommand,
  ModifyVpcAttributeCommand,
  ModifyVpcEndpointCommand,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
  type EC2Client,
} from "@aws-sdk/client-ec2";
import {
  CreatePolicyCommand,
  DeleteRolePolicyCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  RemoveRoleFromInstanceProfileCommand,
} from "@aws-sdk/client-iam";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { explainRegistration, type Link, type Registration } from "../../sandbox/registration/explain-registration.ts";
import { LINKS } from "../../stacks/registration/finding.ts";
import { ACCOUNT, MOTO_START_LIMIT_MS, REGION, startTestMoto, type TestMoto } from "../harness/moto.ts";
import {
  AGENT_STATEMENTS,
  createIsolatedNetwork,
  endpointPolicy,
  https,
  policy,
  stopAtNetworkAcl,
  type IsolatedNetwork,
} from "./isolated-network.ts";

type Break = (moto: TestMoto, network: IsolatedNetwork) => Promise<unknown>;

const ALL = "0.0.0.0/0";
const EVERYWHERE = [{ IpProtocol: "-1", IpRanges: [{ CidrIp: ALL }] }];
const HTTPS_EVERYWHERE = [{ IpProtocol: "tcp", FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: ALL }] }];

const revokeEgress: Break = ({ ec2 }, { bastionGroupId: GroupId, endpointGroupId }) =>
  ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId, IpPermissions: https(endpointGroupId) }));

const revokeIngress: Break = ({ ec2 }, { endpointGroupId: GroupId, bastionGroupId }) =>
  ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions: https(bastionGroupId) }));

const deleteEndpoints: Break = ({ ec2 }, { endpoints }) =>
  ec2.send(new DeleteVpcEndpointsCommand({ VpcEndpointIds: Object.values(endpoints) }));

/** Leads the VPC's main route table to a NAT gateway in the same subnet, or to the internet gateway. */
async function openInternet({ ec2 }: TestMoto, { vpcId, subnetId }: IsolatedNetwork, by: "nat" | "igw"): Promise<void> {
  const GatewayId = await attachInternetGateway(ec2, vpcId);
  const route = { RouteTableId: await mainRouteTable(ec2, vpcId), DestinationCidrBlock: ALL };
  if (by === "igw") {
    await ec2.send(new CreateRouteCommand({ ...route, GatewayId }));
    return;
  }
  const { AllocationId } = await ec2.send(new AllocateAddressCommand({ Domain: "vpc" }));
  const { NatGateway } = await ec2.send(new CreateNatGatewayCommand({ SubnetId: subnetId, AllocationId }));
  await ec2.send(new CreateRouteCommand({ ...route, NatGatewayId: NatGateway?.NatGatewayId }));
}

describe("explainRegistration(), against moto", () => {
  let moto: TestMoto;
  let network: IsolatedNetwork;
  let count = 0;

  function ask(instanceId: string): Promise<Registration> {
    return explainRegistration({ ec2: moto.ec2, iam: moto.iam, instanceId, region: REGION, account: ACCOUNT });
  }

  beforeAll(async () => {
    moto = await startTestMoto();
  }, MOTO_START_LIMIT_MS);

  afterAll(() => moto.close());

  beforeEach(async () => {
    count += 1;
    network = await createIsolatedNetwork(moto, `bastion-${count}`);
  }, MOTO_START_LIMIT_MS);

  it("finds no broken link in an isolated network", async () => {
    expect(await ask(network.instanceId)).toEqual({ canRegister: true });
  });

  it("follows a prefix list to the endpoints' addresses", async () => {
    const { ec2 } = moto;
    const addresses = { Filters: [{ Name: "subnet-id", Values: [network.subnetId] }] };
    const { NetworkInterfaces = [] } = await ec2.send(new DescribeNetworkInterfacesCommand(addresses));
    const { PrefixList } = await ec2.send(
      new CreateManagedPrefixListCommand({
        PrefixListName: network.name,
        AddressFamily: "IPv4",
        MaxEntries: 10,
        Entries: NetworkInterfaces.map(({ PrivateIpAddress = "" }) => ({ Cidr: `${PrivateIpAddress}/32` })),
      }),
    );
    await revokeEgress(moto, network);
    const PrefixListIds = [{ PrefixListId: PrefixList?.PrefixListId }];
    const IpPermissions = [{ IpProtocol: "tcp", FromPort: 443, ToPort: 443, PrefixListIds }];
    await ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId: network.bastionGroupId, IpPermissions }));
    expect(await ask(network.instanceId)).toEqual({ canRegister: true });
  });

  it("goes by the groups that the instance has now", async () => {
    const InstanceId = network.instanceId;
    await moto.ec2.send(new ModifyInstanceAttributeCommand({ InstanceId, Groups: [network.endpointGroupId] }));
    expect(await ask(InstanceId)).toMatchObject({ brokenLink: "instance-security-groups" });
    await moto.ec2.send(new ModifyInstanceAttributeCommand({ InstanceId, Groups: [network.bastionGroupId] }));
    expect(await ask(InstanceId)).toEqual({ canRegister: true });
  });

  it("names instance for an id that EC2 does not know", async () => {
    expect(await ask("i-0ffffffffffffffff")).toMatchObject({ canRegister: false, brokenLink: "instance" });
  });

  const breaks: readonly (readonly [Link, string, Break])[] = [
    [
      "instance",
      "it is stopped",
      ({ ec2 }, { instanceId }) => ec2.send(new StopInstancesCommand({ InstanceIds: [instanceId] })),
    ],
    [
      "instance",
      "it is terminated",
      ({ ec2 }, { instanceId }) => ec2.send(new TerminateInstancesCommand({ InstanceIds: [instanceId] })),
    ],
    [
      "instance-role",
      "the profile has lost its role",
      ({ iam }, { name }) =>
        iam.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName: name, RoleName: name })),
    ],
    [
      "role-permissions",
      "the role has no policy",
      ({ iam }, { name }) => iam.send(new DeleteRolePolicyCommand({ RoleName: name, PolicyName: name })),
    ],
    [
      "role-permissions",
      "the role's policy lacks the channels",
      ({ iam }, { name }) => {
        const PolicyDocument = policy(AGENT_STATEMENTS.slice(0, 1));
        return iam.send(new PutRolePolicyCommand({ RoleName: name, PolicyName: name, PolicyDocument }));
      },
    ],
    [
      "role-permissions",
      "the role's boundary allows something else",
      async ({ iam }, { name }) => {
        const PolicyDocument = policy([{ Effect: "Allow", Action: "s3:*", Resource: "*" }]);
        const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName: name, PolicyDocument }));
        const PermissionsBoundary = Policy?.Arn;
        await iam.send(new PutRolePermissionsBoundaryCommand({ RoleName: name, PermissionsBoundary }));
      },
    ],
    ["subnet", "it is gone", ({ ec2 }, { subnetId }) => ec2.send(new DeleteSubnetCommand({ SubnetId: subnetId }))],
    ["way-out", "the endpoints are deleted", deleteEndpoints],
    [
      "way-out",
      "an endpoint has no private name",
      ({ ec2 }, { endpoints }) =>
        ec2.send(new ModifyVpcEndpointCommand({ VpcEndpointId: endpoints.ssm, PrivateDnsEnabled: false })),
    ],
    [
      "way-out",
      "an internet gateway is there, but no public address",
      async (...where) => {
        await deleteEndpoints(...where);
        await openInternet(...where, "igw");
      },
    ],
    [
      "way-out",
      "a NAT gateway is there, but in the subnet that it serves",
      async (...where) => {
        await deleteEndpoints(...where);
        await openInternet(...where, "nat");
      },
    ],
    [
      "dns",
      "enableDnsHostnames is off",
      ({ ec2 }, { vpcId: VpcId }) =>
        ec2.send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: false } })),
    ],
    [
      "dns",
      "enableDnsSupport is off",
      ({ ec2 }, { vpcId: VpcId }) =>
        ec2.send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsSupport: { Value: false } })),
    ],
    ["instance-security-groups", "the bastion's group has no egress rule", revokeEgress],
    [
      "instance-security-groups",
      "the bastion's group opens another port",
      async (moto, network) => {
        await revokeEgress(moto, network);
        const IpPermissions = [{ ...EVERYWHERE[0], IpProtocol: "tcp", FromPort: 22, ToPort: 22 }];
        const GroupId = network.bastionGroupId;
        await moto.ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId, IpPermissions }));
      },
    ],
    ["endpoint-security-groups", "the endpoints' group has no ingress rule", revokeIngress],
    [
      "endpoint-policy",
      "an endpoint's policy names another role",
      ({ ec2 }, { endpoints }) => {
        const PolicyDocument = endpointPolicy("other", "ssmmessages:*");
        return ec2.send(new ModifyVpcEndpointCommand({ VpcEndpointId: endpoints.ssmmessages, PolicyDocument }));
      },
    ],
    [
      "endpoint-policy",
      "an endpoint's policy lacks the call",
      ({ ec2 }, { endpoints, name }) => {
        const PolicyDocument = endpointPolicy(name, "ssm:GetParameter");
        return ec2.send(new ModifyVpcEndpointCommand({ VpcEndpointId: endpoints.ssm, PolicyDocument }));
      },
    ],
  ];

  it.each(breaks)("names %s when %s", async (brokenLink, _how, breakLink) => {
    await breakLink(moto, network);
    expect(await ask(network.instanceId)).toMatchObject({ canRegister: false, brokenLink });
  });

  it("names network-acl when it stops calls to endpoints in another subnet", async () => {
    const apart = await createIsolatedNetwork(moto, `bastion-${count}-apart`, "apart");
    expect(await ask(apart.instanceId)).toEqual({ canRegister: true });
    await stopAtNetworkAcl(moto, apart);
    expect(await ask(apart.instanceId)).toMatchObject({ canRegister: false, brokenLink: "network-acl" });
  });

  it("breaks each link that the proof of a stack breaks", () => {
    const broken = new Set<string>(["network-acl", ...breaks.map(([link]) => link)]);
    // Whether it runs is nothing that a stack tells; an order is over once it is deployed: doctor finds the agent asleep.
    expect([...broken].filter((link) => link !== "instance").sort()).toEqual(
      LINKS.filter((link) => link !== "order-of-creation").sort(),
    );
  });

  describe.each<[kind: "nat" | "igw", name: string]>([
    ["nat", "a NAT gateway in a public subnet"],
    ["igw", "a public address"],
  ])("with %s as its way out", (kind) => {
    let way: InternetWay;

    beforeEach(async () => {
      await deleteEndpoints(moto, network);
      way = await makeInternetWay(moto, network, kind);
    });

    it("finds no broken link", async () => {
      expect(await ask(network.instanceId)).toEqual({ canRegister: true });
    });

    const breaks: readonly (readonly [Link, string, (ec2: EC2Client) => Promise<unknown>])[] = [
      [
        "way-out",
        "the route to it is taken away",
        (ec2) => ec2.send(new DeleteRouteCommand({ RouteTableId: way.routeTableId, DestinationCidrBlock: ALL })),
      ],
      ["way-out", "it is taken away itself", (ec2) => way.remove(ec2)],
      [
        "instance-security-groups",
        "the bastion's group lets nothing out to it",
        (ec2) =>
          ec2.send(
            new RevokeSecurityGroupEgressCommand({ GroupId: network.bastionGroupId, IpPermissions: HTTPS_EVERYWHERE }),
          ),
      ],
    ];

    it.each(breaks)("names %s when %s", async (brokenLink, _how, breakLink) => {
      await breakLink(moto.ec2);
      expect(await ask(network.instanceId)).toMatchObject({ canRegister: false, brokenLink });
    });
  });

  describe("in a network of others, whose endpoints ask for the account and the subnet's addresses", () => {
    const IpPermissions = [{ IpProtocol: "tcp", FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: "10.10.0.240/28" }] }];

    beforeEach(async () => {
      const Condition = { StringEquals: { "aws:PrincipalAccount": ACCOUNT } };
      const PolicyDocument = policy([{ Effect: "Allow", Principal: "*", Action: "*", Resource: "*", Condition }]);
      for (const VpcEndpointId of Object.values(network.endpoints))
        await moto.ec2.send(new ModifyVpcEndpointCommand({ VpcEndpointId, PolicyDocument }));
      await revokeIngress(moto, network);
      const GroupId = network.endpointGroupId;
      await moto.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
    });

    it("finds no broken link", async () => {
      expect(await ask(network.instanceId)).toEqual({ canRegister: true });
    });

    it("names endpoint-security-groups when the rule for the subnet is taken away", async () => {
      const GroupId = network.endpointGroupId;
      await moto.ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
      expect(await ask(network.instanceId)).toMatchObject({ brokenLink: "endpoint-security-groups" });
    });
  });
});

interface InternetWay {
  /** Of the bastion's subnet. */
  readonly routeTableId: string;
  /** Takes away the NAT gateway, or the public address. */
  readonly remove: (ec2: EC2Client) => Promise<unknown>;
}

/** Leads the bastion's subnet to the internet, as the stacks do, and lets the bastion out to it. */
async function makeInternetWay(moto: TestMoto, network: IsolatedNetwork, by: "nat" | "igw"): Promise<InternetWay> {
  const { ec2 } = moto;
  const { vpcId: VpcId, bastionGroupId: GroupId } = network;
  await ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId, IpPermissions: HTTPS_EVERYWHERE }));
  const GatewayId = await attachInternetGateway(ec2, VpcId);
  const { AllocationId } = await ec2.send(new AllocateAddressCommand({ Domain: "vpc" }));
  const RouteTableId = await mainRouteTable(ec2, VpcId);
  const route = { RouteTableId, DestinationCidrBlock: ALL };
  if (by === "igw") {
    await ec2.send(new CreateRouteCommand({ ...route, GatewayId }));
    const { AssociationId } = await ec2.send(
      new AssociateAddressCommand({ AllocationId, InstanceId: network.instanceId }),
    );
    return {
      routeTableId: RouteTableId,
      remove: (client) => client.send(new DisassociateAddressCommand({ AssociationId })),
    };
  }
  const SubnetId = await makePublicSubnet(ec2, VpcId, GatewayId);
  const { NatGateway } = await ec2.send(new CreateNatGatewayCommand({ SubnetId, AllocationId }));
  const NatGatewayId = NatGateway?.NatGatewayId;
  await ec2.send(new CreateRouteCommand({ ...route, NatGatewayId }));
  return {
    routeTableId: RouteTableId,
    remove: (client) => client.send(new DeleteNatGatewayCommand({ NatGatewayId })),
  };
}

async function attachInternetGateway(ec2: EC2Client, VpcId: string): Promise<string> {
  const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
  const InternetGatewayId = InternetGateway?.InternetGatewayId ?? "";
  await ec2.send(new AttachInternetGatewayCommand({ VpcId, InternetGatewayId }));
  return InternetGatewayId;
}

async function mainRouteTable(ec2: EC2Client, vpcId: string): Promise<string> {
  const Filters = [{ Name: "vpc-id", Values: [vpcId] }];
  const { RouteTables } = await ec2.send(new DescribeRouteTablesCommand({ Filters }));
  return RouteTables?.[0]?.RouteTableId ?? "";
}

/** In a block of its own, because the bastion's subnet takes the whole first one. */
async function makePublicSubnet(ec2: EC2Client, VpcId: string, GatewayId: string): Promise<string> {
  const CidrBlock = "10.20.0.0/28";
  await ec2.send(new AssociateVpcCidrBlockCommand({ VpcId, CidrBlock }));
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock }));
  const SubnetId = Subnet?.SubnetId ?? "";
  const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId }));
  const RouteTableId = RouteTable?.RouteTableId ?? "";
  await ec2.send(new AssociateRouteTableCommand({ RouteTableId, SubnetId }));
  await ec2.send(new CreateRouteCommand({ RouteTableId, DestinationCidrBlock: ALL, GatewayId }));
  return SubnetId;
}
