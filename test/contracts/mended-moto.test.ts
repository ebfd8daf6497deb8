// Where moto would answer otherwise than AWS does, and a second plan would show a change: one behaviour each.
import { randomBytes } from "node:crypto";
import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateNatGatewayCommand,
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  DeleteNatGatewayCommand,
  DeleteNetworkInterfaceCommand,
  DescribeAddressesCommand,
  DescribeImagesCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSubnetsCommand,
  DescribeVpcEndpointServicesCommand,
  DescribeVpcEndpointsCommand,
  GetConsoleOutputCommand,
  ModifyInstanceAttributeCommand,
  MonitorInstancesCommand,
  ReleaseAddressCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
  UnmonitorInstancesCommand,
  type Instance,
  type NetworkInterface,
  type RunInstancesCommandInput,
} from "@aws-sdk/client-ec2";
import {
  CreateBucketCommand,
  GetBucketNotificationConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import {
  CreateDBInstanceCommand,
  CreateDBParameterGroupCommand,
  DescribeDBInstancesCommand,
  DescribeDBParametersCommand,
  ModifyDBInstanceCommand,
  ModifyDBParameterGroupCommand,
  RDSClient,
} from "@aws-sdk/client-rds";
import {
  ListServiceSpecificCredentialsCommand,
  type ListServiceSpecificCredentialsCommandOutput,
} from "@aws-sdk/client-iam";
import { GetParameterCommand } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { createIsolatedNetwork, type IsolatedNetwork } from "./isolated-network.ts";

let sandbox: TestSandbox;
let rds: RDSClient;
let network: IsolatedNetwork;

beforeAll(async () => {
  sandbox = await openTestSandbox();
  rds = new RDSClient(sandbox.configuration());
  network = await createIsolatedNetwork(sandbox, "mended");
}, OPEN_LIMIT_MS);

afterAll(async () => {
  rds.destroy();
  await sandbox.close();
});

async function describeInstance(instanceId = network.instanceId): Promise<Instance | undefined> {
  const { Reservations } = await sandbox.ec2.send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }));
  return Reservations?.[0]?.Instances?.[0];
}

/** An instance in the network's subnet, as Terraform starts one. */
async function run(change: Partial<RunInstancesCommandInput> = {}): Promise<string> {
  const networkInterface = { DeviceIndex: 0, SubnetId: network.subnetId, Groups: [network.bastionGroupId] };
  const { Instances } = await sandbox.ec2.send(
    new RunInstancesCommand({
      ImageId: "ami-04681a1dbd79675a5",
      MinCount: 1,
      MaxCount: 1,
      NetworkInterfaces: [{ ...networkInterface, AssociatePublicIpAddress: false }],
      ...change,
    }),
  );
  return Instances?.[0]?.InstanceId ?? "";
}

async function terminate(instanceId: string): Promise<void> {
  await sandbox.ec2.send(new TerminateInstancesCommand({ InstanceIds: [instanceId] }));
}

describe("detailed monitoring", () => {
  it("can be switched on and off", async () => {
    const InstanceIds = [network.instanceId];
    await sandbox.ec2.send(new MonitorInstancesCommand({ InstanceIds }));
    expect((await describeInstance())?.Monitoring?.State).toBe("enabled");
    await sandbox.ec2.send(new UnmonitorInstancesCommand({ InstanceIds }));
    expect((await describeInstance())?.Monitoring?.State).toBe("disabled");
  });
});

describe("an instance without a public address", () => {
  it("has no association on its network interface", async () => {
    const instance = await describeInstance();
    expect(instance?.PublicIpAddress).toBeUndefined();
    expect(instance?.NetworkInterfaces?.[0]?.Association).toBeUndefined();
  });
});

describe("termination protection", () => {
  it("named at the start is in force until it is lifted", async () => {
    const instanceId = await run({ DisableApiTermination: true });
    const attribute = { InstanceId: instanceId, Attribute: "disableApiTermination" } as const;
    const answer = await sandbox.ec2.send(new DescribeInstanceAttributeCommand(attribute));
    expect(answer.DisableApiTermination?.Value).toBe(true);
    await expect(terminate(instanceId)).rejects.toMatchObject({ name: "OperationNotPermitted" });
    const lifted = { InstanceId: instanceId, DisableApiTermination: { Value: false } };
    await sandbox.ec2.send(new ModifyInstanceAttributeCommand(lifted));
    await expect(terminate(instanceId)).resolves.toBeUndefined();
  });
});

describe("the description of a security group rule", () => {
  it.each([
    ["a group", (GroupId: string) => ({ UserIdGroupPairs: [{ GroupId, Description: "why" }] })],
    ["a CIDR", () => ({ IpRanges: [{ CidrIp: "192.0.2.0/24", Description: "why" }] })],
    ["a prefix list", () => ({ PrefixListIds: [{ PrefixListId: "pl-0123456789abcdef0", Description: "why" }] })],
  ])("is kept where the other side is %s", async (kind, otherSide) => {
    const group = { VpcId: network.vpcId, GroupName: `described-${kind}`, Description: "rules" };
    const { GroupId = "" } = await sandbox.ec2.send(new CreateSecurityGroupCommand(group));
    const permission = { IpProtocol: "tcp", FromPort: 443, ToPort: 443, ...otherSide(network.endpointGroupId) };
    const request = { GroupId, IpPermissions: [permission] };
    await sandbox.ec2.send(new AuthorizeSecurityGroupEgressCommand(request));
    await sandbox.ec2.send(new AuthorizeSecurityGroupIngressCommand(request));
    const Filters = [{ Name: "group-id", Values: [GroupId] }];
    const { SecurityGroupRules } = await sandbox.ec2.send(new DescribeSecurityGroupRulesCommand({ Filters }));
    const described = SecurityGroupRules?.filter(({ Description }) => Description === "why");
    expect(described?.map(({ IsEgress }) => IsEgress).sort()).toEqual([false, true]);
  });
});

describe("an interface endpoint's network interface", () => {
  it("has an address of its subnet and the endpoint's groups", async () => {
    const { VpcEndpoints } = await sandbox.ec2.send(
      new DescribeVpcEndpointsCommand({ VpcEndpointIds: [network.endpoints.ssm] }),
    );
    const NetworkInterfaceIds = VpcEndpoints?.[0]?.NetworkInterfaceIds;
    const { NetworkInterfaces } = await sandbox.ec2.send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds }));
    expect(NetworkInterfaces?.[0]?.PrivateIpAddress).toMatch(/^10\.10\.0\.2(4[4-9]|5[0-4])$/);
    expect(NetworkInterfaces?.[0]?.Groups?.map(({ GroupId }) => GroupId)).toEqual([network.endpointGroupId]);
  });
});

describe("the addresses of a subnet", () => {
  async function free(): Promise<number | undefined> {
    const { Subnets } = await sandbox.ec2.send(new DescribeSubnetsCommand({ SubnetIds: [network.subnetId] }));
    return Subnets?.[0]?.AvailableIpAddressCount;
  }

  it("are given back by an instance that is terminated", async () => {
    const before = await free();
    const instanceId = await run();
    expect(await free()).toBe((before ?? 0) - 1);
    await terminate(instanceId);
    expect(await free()).toBe(before);
  });

  it("come to an end with InsufficientFreeAddressesInSubnet", async () => {
    const crowded = await createIsolatedNetwork(sandbox, "crowded"); // 11 addresses, 3 of them taken
    const networkInterface = { DeviceIndex: 0, SubnetId: crowded.subnetId };
    for (let count = 0; count < 8; count += 1) await run({ NetworkInterfaces: [networkInterface] });
    const name = "InsufficientFreeAddressesInSubnet";
    await expect(run({ NetworkInterfaces: [networkInterface] })).rejects.toMatchObject({ name });
  });
});

describe("a network interface that is made by itself", () => {
  const made = async (): Promise<NetworkInterface> => {
    const { NetworkInterface: found } = await sandbox.ec2.send(
      new CreateNetworkInterfaceCommand({ SubnetId: network.subnetId, Groups: [network.bastionGroupId] }),
    );
    return found ?? {};
  };

  it("has a free address of its subnet, which it gives back", async () => {
    const one = await made();
    const other = await made();
    const addresses = [one, other].map(({ PrivateIpAddress }) => Number(PrivateIpAddress?.split(".").at(-1)));
    expect(new Set(addresses).size).toBe(2);
    for (const last of addresses) expect(last >= 244 && last <= 254).toBe(true);
    for (const { NetworkInterfaceId } of [one, other])
      await sandbox.ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));
    const again = await made();
    expect([one, other].map(({ PrivateIpAddress }) => PrivateIpAddress)).toContain(again.PrivateIpAddress);
    await sandbox.ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: again.NetworkInterfaceId }));
  });

  it("has its public address before an instance starts with it, and is free again when that is terminated", async () => {
    const { NetworkInterfaceId = "" } = await made();
    const { AllocationId, PublicIp } = await sandbox.ec2.send(new AllocateAddressCommand({ Domain: "vpc" }));
    await sandbox.ec2.send(new AssociateAddressCommand({ AllocationId, NetworkInterfaceId }));
    const instanceId = await run({ NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId }] });
    const instance = await describeInstance(instanceId);
    expect(instance).toMatchObject({ PublicIpAddress: PublicIp, SubnetId: network.subnetId });
    expect(instance?.SecurityGroups).toMatchObject([{ GroupId: network.bastionGroupId }]);
    await terminate(instanceId);
    const { NetworkInterfaces } = await sandbox.ec2.send(
      new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [NetworkInterfaceId] }),
    );
    expect(NetworkInterfaces).toMatchObject([{ Status: "available", Association: { PublicIp } }]);
    expect(NetworkInterfaces?.[0]).not.toHaveProperty("Attachment");
    await sandbox.ec2.send(new ReleaseAddressCommand({ AllocationId }));
    await sandbox.ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));
  });
});

describe("a NAT gateway", () => {
  it("has an interface with an address of its subnet, which goes with it", async () => {
    const { AllocationId } = await sandbox.ec2.send(new AllocateAddressCommand({ Domain: "vpc" }));
    const created = await sandbox.ec2.send(new CreateNatGatewayCommand({ SubnetId: network.subnetId, AllocationId }));
    const { NatGatewayId, NatGatewayAddresses = [] } = created.NatGateway ?? {};
    const Filters = [{ Name: "network-interface-id", Values: [NatGatewayAddresses[0]?.NetworkInterfaceId ?? ""] }];
    const { NetworkInterfaces = [] } = await sandbox.ec2.send(new DescribeNetworkInterfacesCommand({ Filters }));
    expect(NetworkInterfaces[0]?.PrivateIpAddress).toMatch(/^10\.10\.0\.2(4[4-9]|5[0-4])$/);
    expect(NatGatewayAddresses[0]?.PrivateIp).toBe(NetworkInterfaces[0]?.PrivateIpAddress);
    await sandbox.ec2.send(new DeleteNatGatewayCommand({ NatGatewayId }));
    const after = await sandbox.ec2.send(new DescribeNetworkInterfacesCommand({ Filters }));
    expect(after.NetworkInterfaces).toEqual([]);
    const AllocationIds = [AllocationId ?? ""];
    const { Addresses } = await sandbox.ec2.send(new DescribeAddressesCommand({ AllocationIds }));
    expect(Addresses?.[0]).not.toHaveProperty("AssociationId");
    await sandbox.ec2.send(new ReleaseAddressCommand({ AllocationId }));
  });
});

describe("a filter on a tag", () => {
  it.each([
    ["a*b?c\\d[e]", "a\\*b\\?c\\\\d[e]"],
    ["db-1", "db-?"],
    ["two\nlines", "two*"],
    ["(group)", "(group)"],
  ])("finds %j by %j", async (name, pattern) => {
    const Tags = [{ Key: "Name", Value: name }];
    const instanceId = await run({ TagSpecifications: [{ ResourceType: "instance", Tags }] });
    const Filters = [
      { Name: "tag:Name", Values: [pattern] },
      { Name: "instance-state-name", Values: ["running"] },
    ];
    const { Reservations } = await sandbox.ec2.send(new DescribeInstancesCommand({ Filters }));
    await terminate(instanceId);
    expect(Reservations?.flatMap(({ Instances }) => Instances ?? []).map((each) => each.InstanceId)).toEqual([
      instanceId,
    ]);
  });

  it("finds no other name that only looks like a pattern", async () => {
    const Filters = [{ Name: "tag:Name", Values: ["[a-z]*", "d\\*"] }];
    const { Reservations } = await sandbox.ec2.send(new DescribeInstancesCommand({ Filters }));
    expect(Reservations).toEqual([]);
  });
});

describe("TerminateInstances", () => {
  it("may be called again", async () => {
    const instanceId = await run();
    await terminate(instanceId);
    await expect(terminate(instanceId)).resolves.toBeUndefined();
  });
});

describe("the services that have endpoints", () => {
  it.each(["ssm", "ssmmessages", "ec2messages", "s3", "logs", "kms"])("are %s and others", async (service) => {
    const ServiceNames = [`com.amazonaws.eu-central-1.${service}`];
    const { ServiceDetails } = await sandbox.ec2.send(new DescribeVpcEndpointServicesCommand({ ServiceNames }));
    expect(ServiceDetails?.[0]?.AvailabilityZones).toHaveLength(3);
  });
});

describe("the public parameters of images", () => {
  const amazon = "/aws/service/ami-amazon-linux-latest";
  const canonical = "/aws/service/canonical/ubuntu/server";

  it.each([
    [`${amazon}/al2023-ami-kernel-default-x86_64`, "x86_64", /^al2023-ami-/],
    [`${amazon}/al2023-ami-kernel-default-arm64`, "arm64", /^al2023-ami-/],
    [`${amazon}/amzn2-ami-kernel-default-hvm-x86_64-gp2`, "x86_64", /^amzn2-ami-/],
    [`${canonical}/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id`, "x86_64", /^ubuntu\/images\/.*jammy-22\.04/],
    [`${canonical}/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id`, "arm64", /^ubuntu\/images\/.*noble-24\.04/],
  ])("%s names an image of EC2's", async (Name, architecture, imageName) => {
    const { Parameter } = await sandbox.ssm.send(new GetParameterCommand({ Name }));
    const { Images } = await sandbox.ec2.send(new DescribeImagesCommand({ ImageIds: [Parameter?.Value ?? ""] }));
    expect(Images?.[0]?.Architecture).toBe(architecture);
    expect(Images?.[0]?.Name).toMatch(imageName);
  });
});

describe("the console output", () => {
  it("shows the instance's own host keys as cloud-init prints them", async () => {
    const { instanceId } = network;
    const { Output = "" } = await sandbox.ec2.send(new GetConsoleOutputCommand({ InstanceId: instanceId }));
    const text = Buffer.from(Output, "base64").toString();
    const keys = /-----BEGIN SSH HOST KEY KEYS-----\n([^]*)\n-----END SSH HOST KEY KEYS-----/.exec(text)?.[1];
    const [own = "none"] = await sandbox.endpoint.instances.hostPublicKeys(instanceId);
    expect(keys?.split("\n")[0]?.startsWith(own)).toBe(true);
  });

  it("fails with InvalidInstanceID.NotFound for an instance that there is not", async () => {
    const missing = sandbox.ec2.send(new GetConsoleOutputCommand({ InstanceId: "i-0000000000000000f" }));
    await expect(missing).rejects.toMatchObject({ name: "InvalidInstanceID.NotFound" });
  });
});

describe("a database", () => {
  it("keeps Performance Insights and their key", async () => {
    const insights = { EnablePerformanceInsights: true, PerformanceInsightsKMSKeyId: "alias/insights" };
    const { DBInstance } = await rds.send(new CreateDBInstanceCommand({ ...instance("insights"), ...insights }));
    expect(DBInstance).toMatchObject({
      PerformanceInsightsEnabled: true,
      PerformanceInsightsKMSKeyId: "alias/insights",
    });
    const without = { DBInstanceIdentifier: "insights", EnablePerformanceInsights: false };
    await rds.send(new ModifyDBInstanceCommand(without));
    const { DBInstances } = await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: "insights" }));
    expect(DBInstances?.[0]?.PerformanceInsightsEnabled).toBe(false);
  });

  it("tells the parameters that somebody has set from its own", async () => {
    const group = { DBParameterGroupName: "mended", DBParameterGroupFamily: "postgres17", Description: "mended" };
    await rds.send(new CreateDBParameterGroupCommand(group));
    const parameter = { ParameterName: "rds.force_ssl", ParameterValue: "1", ApplyMethod: "pending-reboot" } as const;
    const { DBParameterGroupName } = group;
    await rds.send(new ModifyDBParameterGroupCommand({ DBParameterGroupName, Parameters: [parameter] }));
    const { Parameters } = await rds.send(new DescribeDBParametersCommand({ DBParameterGroupName }));
    expect(Parameters).toEqual([expect.objectContaining({ ...parameter, Source: "user" })]);
  });

  function instance(DBInstanceIdentifier: string) {
    const login = { MasterUsername: "demo_admin", ManageMasterUserPassword: true };
    const size = { DBInstanceClass: "db.t4g.micro", AllocatedStorage: 20 };
    return { DBInstanceIdentifier, Engine: "postgres", ...login, ...size };
  }
});

describe("a bucket", () => {
  it("says whether it tells EventBridge of its changes", async () => {
    const s3 = new S3Client({ ...sandbox.configuration(), forcePathStyle: true });
    const Bucket = `mended-${randomBytes(4).toString("hex")}`;
    const where = { LocationConstraint: "eu-central-1" } as const;
    await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: where }));
    const notification = async (): Promise<unknown> =>
      (await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }))).EventBridgeConfiguration;
    expect(await notification()).toBeUndefined();
    const NotificationConfiguration = { EventBridgeConfiguration: {} };
    await s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
    expect(await notification()).toEqual({});
    s3.destroy();
  });
});

describe("iam:ListServiceSpecificCredentials", () => {
  it("finds none, and fails for a user that there is not", async () => {
    await sandbox.createUser("mended-ada", [{ Effect: "Deny", Action: "s3:*", Resource: "*" }]);
    const list = (UserName: string): Promise<ListServiceSpecificCredentialsCommandOutput> =>
      sandbox.iam.send(new ListServiceSpecificCredentialsCommand({ UserName }));
    expect((await list("mended-ada")).ServiceSpecificCredentials).toEqual([]);
    await expect(list("mended-nobody")).rejects.toMatchObject({ name: "NoSuchEntityException" });
  });
});
