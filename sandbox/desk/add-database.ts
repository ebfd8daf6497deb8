// A database beside the bastion, made as its owners would: two subnets, a group that admits the bastion, an RDS instance.
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  DescribeInstancesCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { CreateDBInstanceCommand, CreateDBSubnetGroupCommand, RDSClient } from "@aws-sdk/client-rds";
import type { Endpoint } from "../sandbox.ts";

/** The settings that deploy the bastion with this database as a target: `database.tfvars.json`. */
export const DATABASE_ENVIRONMENT = "database";
/** Identifier of the instance, name of its database, and of the settings' target. */
export const DATABASE_NAME = "orders";
/** A database user that logs in with an IAM token. */
export const DATABASE_USER = "app";

const PORT = 5432;
/** Inside the VPC of those settings, beside the bastion's subnet; RDS wants two zones. */
const SUBNETS = [
  { cidr: "10.10.0.192/28", zone: "a" },
  { cidr: "10.10.0.208/28", zone: "b" },
];
const USER_SQL = `create role ${DATABASE_USER} login in role rds_iam;\n\ngrant all on database ${DATABASE_NAME} to ${DATABASE_USER};`;

/**
 * Makes it, and starts its PostgreSQL.
 *
 * @throws UserError (69) where there is no PostgreSQL
 */
export async function addDatabase(endpoint: Endpoint, instanceIds: readonly string[]): Promise<void> {
  const configuration = { endpoint: endpoint.url, region: endpoint.region, credentials: endpoint.deployer };
  const ec2 = new EC2Client(configuration);
  const rds = new RDSClient(configuration);
  try {
    const { vpcId, bastionGroupId } = await placeOf(ec2, instanceIds);
    const subnetIds = await makeSubnets(ec2, vpcId, endpoint.region);
    const groupId = await makeGroup(ec2, vpcId, bastionGroupId);
    await makeInstance(rds, subnetIds, groupId);
  } finally {
    ec2.destroy();
    rds.destroy();
  }
  await endpoint.databases.start(DATABASE_NAME, USER_SQL);
}

async function placeOf(
  ec2: EC2Client,
  instanceIds: readonly string[],
): Promise<{ readonly vpcId: string; readonly bastionGroupId: string }> {
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [...instanceIds] }));
  const instance = Reservations[0]?.Instances?.[0];
  return { vpcId: instance?.VpcId ?? "", bastionGroupId: instance?.SecurityGroups?.[0]?.GroupId ?? "" };
}

async function makeSubnets(ec2: EC2Client, VpcId: string, region: string): Promise<string[]> {
  const made = SUBNETS.map(({ cidr, zone }) =>
    ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: cidr, AvailabilityZone: `${region}${zone}` })),
  );
  return (await Promise.all(made)).flatMap(({ Subnet }) => Subnet?.SubnetId ?? []);
}

async function makeGroup(ec2: EC2Client, VpcId: string, bastionGroupId: string): Promise<string> {
  const group = { VpcId, GroupName: `${DATABASE_NAME}-database`, Description: "PostgreSQL, from the bastion" };
  const { GroupId = "" } = await ec2.send(new CreateSecurityGroupCommand(group));
  const ports = { IpProtocol: "tcp", FromPort: PORT, ToPort: PORT };
  const IpPermissions = [{ ...ports, UserIdGroupPairs: [{ GroupId: bastionGroupId }] }];
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  return GroupId;
}

async function makeInstance(rds: RDSClient, SubnetIds: string[], groupId: string): Promise<void> {
  const subnetGroup = { DBSubnetGroupName: DATABASE_NAME, DBSubnetGroupDescription: "the database's" };
  await rds.send(new CreateDBSubnetGroupCommand({ ...subnetGroup, SubnetIds }));
  await rds.send(
    new CreateDBInstanceCommand({
      DBInstanceIdentifier: DATABASE_NAME,
      DBInstanceClass: "db.t4g.micro",
      Engine: "postgres",
      DBName: DATABASE_NAME,
      Port: PORT,
      MasterUsername: "demo_admin",
      ManageMasterUserPassword: true,
      AllocatedStorage: 20,
      StorageEncrypted: true,
      DBSubnetGroupName: DATABASE_NAME,
      VpcSecurityGroupIds: [groupId],
      EnableIAMDatabaseAuthentication: true,
    }),
  );
}
