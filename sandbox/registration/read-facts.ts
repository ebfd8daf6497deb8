// Fetches from EC2 and IAM what decides whether an instance's SSM Agent can register.
import { DescribeInstancesCommand, type Instance } from "@aws-sdk/client-ec2";
import { GetInstanceProfileCommand, type IAMClient } from "@aws-sdk/client-iam";
import { readRolePolicies, type PrincipalPolicies } from "../permissions/attached-policies.ts";
import type { RegistrationQuestion } from "./explain-registration.ts";
import type { InstanceFacts, RegistrationFacts } from "./facts.ts";
import { readNetwork } from "./read-network.ts";

export async function readFacts({ ec2, iam, ...asked }: RegistrationQuestion): Promise<RegistrationFacts> {
  const filter = { Name: "instance-id", Values: [asked.instanceId] }; // by id, a missing one would be an error
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ Filters: [filter] }));
  const instance = Reservations[0]?.Instances?.[0];
  if (instance === undefined) return { ...asked, instance: undefined, role: undefined, network: undefined };
  const { VpcId: vpcId } = instance;
  const [role, network] = await Promise.all([
    readRole(iam, instance.IamInstanceProfile?.Arn),
    vpcId === undefined || instance.SubnetId === undefined ? undefined : readNetwork(ec2, vpcId),
  ]);
  return { ...asked, instance: instanceFacts(instance), role, network };
}

export function instanceFacts(instance: Instance): InstanceFacts {
  return {
    state: instance.State?.Name ?? "",
    instanceProfileArn: instance.IamInstanceProfile?.Arn,
    subnetId: instance.SubnetId ?? "",
    privateIpAddress: instance.PrivateIpAddress ?? "",
    publicIpAddress: instance.PublicIpAddress,
    securityGroupIds: (instance.SecurityGroups ?? []).flatMap(({ GroupId }) => GroupId ?? []),
  };
}

async function readRole(iam: IAMClient, profileArn: string | undefined): Promise<PrincipalPolicies | undefined> {
  const InstanceProfileName = profileArn?.split("/").at(-1);
  if (InstanceProfileName === undefined) return undefined;
  try {
    const { InstanceProfile } = await iam.send(new GetInstanceProfileCommand({ InstanceProfileName }));
    const roleName = InstanceProfile?.Roles?.[0]?.RoleName;
    return roleName === undefined ? undefined : await readRolePolicies(iam, roleName);
  } catch (error) {
    if (error instanceof Error && error.name === "NoSuchEntityException") return undefined;
    throw error;
  }
}
