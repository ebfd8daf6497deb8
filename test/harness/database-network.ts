// A database beside a bastion, as its owners would have made it: subnets, a group that admits the bastion, an instance.
import {
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  RevokeSecurityGroupEgressCommand,
  AssociateVpcCidrBlockCommand,
  type EC2Client,
  type IpPermission,
} from "@aws-sdk/client-ec2";
import { CreateDBInstanceCommand, CreateDBSubnetGroupCommand, type RDSClient } from "@aws-sdk/client-rds";

export interface DatabaseRequest {
  readonly ec2: EC2Client;
  readonly rds: RDSClient;
  readonly vpcId: string;
  /** Identifier of the instance, and part of all names. */
  readonly identifier: string;
  /** /28 that is free in the VPC, or to be added to it. */
  readonly cidr: string;
  /** @default "postgres" */
  readonly engine?: string;
}

export interface TestDatabase {
  readonly identifier: string;
  readonly address: string;
  readonly port: number;
  readonly groupId: string;
  readonly resourceId: string;
}

/** Makes it; nobody is admitted yet. */
export async function createDatabase(request: DatabaseRequest): Promise<TestDatabase> {
  const { ec2, rds, vpcId: VpcId, identifier, cidr, engine = "postgres" } = request;
  await ec2.send(new AssociateVpcCidrBlockCommand({ VpcId, CidrBlock: cidr })).catch(() => undefined);
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: cidr }));
  const { GroupId = "" } = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId, GroupName: `${identifier}-database`, Description: "a database" }),
  );
  await ec2.send(
    new RevokeSecurityGroupEgressCommand({
      GroupId,
      IpPermissions: [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }],
    }),
  );
  const subnetGroup = { DBSubnetGroupName: identifier, DBSubnetGroupDescription: "a database's" };
  await rds.send(new CreateDBSubnetGroupCommand({ ...subnetGroup, SubnetIds: [Subnet?.SubnetId ?? ""] }));
  const { DBInstance } = await rds.send(
    new CreateDBInstanceCommand({
      DBInstanceIdentifier: identifier,
      DBInstanceClass: "db.t4g.micro",
      Engine: engine,
      DBName: "shop",
      MasterUsername: "demo_admin",
      ManageMasterUserPassword: true,
      AllocatedStorage: 20,
      DBSubnetGroupName: identifier,
      VpcSecurityGroupIds: [GroupId],
      EnableIAMDatabaseAuthentication: true,
    }),
  );
  const { Endpoint, DbiResourceId = "" } = DBInstance ?? {};
  const { Address = "", Port = 0 } = Endpoint ?? {};
  return { identifier, address: Address, port: Port, groupId: GroupId, resourceId: DbiResourceId };
}

/** The rule on the bastion's side. */
export async function letOut(ec2: EC2Client, bastionGroupId: string, database: TestDatabase): Promise<void> {
  const IpPermissions = port(database.port, database.groupId);
  await ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId: bastionGroupId, IpPermissions }));
}

/** The rule on the database's side. */
export async function letIn(ec2: EC2Client, bastionGroupId: string, database: TestDatabase): Promise<void> {
  const IpPermissions = port(database.port, bastionGroupId);
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: database.groupId, IpPermissions }));
}

function port(number: number, groupId: string): IpPermission[] {
  return [{ IpProtocol: "tcp", FromPort: number, ToPort: number, UserIdGroupPairs: [{ GroupId: groupId }] }];
}
