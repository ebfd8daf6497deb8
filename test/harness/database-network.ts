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
  const { rds, identifier, engine = "postgres" } = request;
  const { subnetId, groupId: GroupId } = await createDatabasePlace(request);
  const subnetGroup = { DBSubnetGroupName: identifier, DBSubnetGroupDescription: "a database's" };
  await rds.send(new CreateDBSubnetGroupCommand({ ...subnetGroup, SubnetIds: [subnetId] }));
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

/** Where a database may stand: a subnet, and a security group that lets nothing in or out. */
export async function createDatabasePlace({
  ec2,
  vpcId: VpcId,
  identifier,
}: Pick<DatabaseRequest, "ec2" | "vpcId" | "identifier">): Promise<{ subnetId: string; groupId: string }> {
  const subnetId = await createSubnet(ec2, VpcId);
  const { GroupId = "" } = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId, GroupName: `${identifier}-database`, Description: "a database" }),
  );
  await ec2.send(
    new RevokeSecurityGroupEgressCommand({
      GroupId,
      IpPermissions: [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }],
    }),
  );
  return { subnetId, groupId: GroupId };
}

/** The addresses that the databases' subnets are cut from: a VPC takes four blocks beside its own, so they share one. */
const BLOCK = "10.10.1.0/24";
const SUBNETS = Array.from({ length: 16 }, (_, index) => `10.10.1.${16 * index}/28`);

/** The first that is free; another test may be looking for one too. */
async function createSubnet(ec2: EC2Client, VpcId: string): Promise<string> {
  await ec2.send(new AssociateVpcCidrBlockCommand({ VpcId, CidrBlock: BLOCK })).catch(() => undefined); // there already
  for (const CidrBlock of SUBNETS) {
    try {
      const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock }));
      return Subnet?.SubnetId ?? "";
    } catch (error) {
      if ((error as Error).name !== "InvalidSubnet.Conflict") throw error;
    }
  }
  throw new Error(`no subnet is free in ${BLOCK} of ${VpcId}`);
}

/** A port behind a security group. */
type Guarded = Pick<TestDatabase, "port" | "groupId">;

/** The rule on the bastion's side. */
export async function letOut(ec2: EC2Client, bastionGroupId: string, database: Guarded): Promise<void> {
  const IpPermissions = port(database.port, database.groupId);
  await ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId: bastionGroupId, IpPermissions }));
}

/** The rule on the database's side. */
export async function letIn(ec2: EC2Client, bastionGroupId: string, database: Guarded): Promise<void> {
  const IpPermissions = port(database.port, bastionGroupId);
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: database.groupId, IpPermissions }));
}

function port(number: number, groupId: string): IpPermission[] {
  return [{ IpProtocol: "tcp", FromPort: number, ToPort: number, UserIdGroupPairs: [{ GroupId: groupId }] }];
}
