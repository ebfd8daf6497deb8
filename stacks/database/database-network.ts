// Where the database stands: two subnets in two zones, and a group that only the bastion's may speak to.
import { Fn } from "cdktf";
import { Construct } from "constructs";
import { DataAwsEc2InstanceTypeOfferings } from "@cdktf/provider-aws/lib/data-aws-ec2-instance-type-offerings/index.js";
import { DbSubnetGroup } from "@cdktf/provider-aws/lib/db-subnet-group/index.js";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group/index.js";
import { Subnet } from "@cdktf/provider-aws/lib/subnet/index.js";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule/index.js";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule/index.js";

export interface DatabaseNetworkProps {
  /** Name of the group and of the subnet group, and Name tag of the subnets. */
  readonly name: string;
  /** The bastion's network. */
  readonly vpcId: string;
  /** The group that may speak to the database. */
  readonly clientSecurityGroupId: string;
  /** Where it listens. */
  readonly port: number;
  /** Addresses of the two subnets. */
  readonly subnetCidrs: readonly string[];
  /** Size of the database, as RDS names it. */
  readonly instanceClass: string;
  /**
   * One zone for each.
   *
   * @default - the first ones that have the size, kept from then on
   */
  readonly zones?: readonly string[] | undefined;
}

export class DatabaseNetwork extends Construct {
  readonly subnetGroupName: string;
  readonly securityGroupId: string;

  constructor(scope: Construct, id: string, props: DatabaseNetworkProps) {
    super(scope, id);
    this.subnetGroupName = new DbSubnetGroup(this, "subnet_group", {
      name: props.name,
      description: "The database behind the bastion: two zones, no way out",
      subnetIds: this.#subnets(props),
    }).name;
    this.securityGroupId = new SecurityGroup(this, "security_group", {
      name: props.name,
      description: "Database: PostgreSQL from the bastion, nothing out",
      vpcId: props.vpcId,
      tags: { Name: props.name },
    }).id;
    this.#admitClient(props);
  }

  /** They have no route table of their own: the VPC's main one leads nowhere but into the VPC. */
  #subnets({ name, vpcId, subnetCidrs, instanceClass, zones }: DatabaseNetworkProps): string[] {
    const scope = new Construct(this, "subnet");
    const offered = zones === undefined ? this.#zonesWith(instanceClass) : undefined;
    return subnetCidrs.map(
      (cidrBlock, index) =>
        new Subnet(scope, String(index + 1), {
          vpcId,
          cidrBlock,
          mapPublicIpOnLaunch: false,
          tags: { Name: name },
          ...(offered === undefined
            ? { availabilityZone: zones?.[index] ?? "" }
            : {
                availabilityZone: Fn.element(offered, index) as string,
                // A new zone in the list must not replace the subnet and the database with it.
                lifecycle: { ignoreChanges: ["availability_zone"] },
              }),
        }).id,
    );
  }

  /** Where EC2 offers an instance of the size, RDS does too. */
  #zonesWith(instanceClass: string): string[] {
    const offerings = new DataAwsEc2InstanceTypeOfferings(this, "instance_type", {
      locationType: "availability-zone",
      filter: [{ name: "instance-type", values: [instanceClass.replace(/^db\./, "")] }],
    });
    return Fn.sort(offerings.locations);
  }

  /** Both rules, that of the bastion's group too: else the two stacks would wait for each other. */
  #admitClient({ clientSecurityGroupId, port }: DatabaseNetworkProps): void {
    const ports = { ipProtocol: "tcp", fromPort: port, toPort: port };
    new VpcSecurityGroupIngressRule(this, "from_bastion", {
      securityGroupId: this.securityGroupId,
      description: "PostgreSQL from the bastion",
      referencedSecurityGroupId: clientSecurityGroupId,
      ...ports,
    });
    new VpcSecurityGroupEgressRule(this, "to_database", {
      securityGroupId: clientSecurityGroupId,
      description: "PostgreSQL to the database",
      referencedSecurityGroupId: this.securityGroupId,
      ...ports,
    });
  }
}
