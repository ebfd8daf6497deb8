// A PostgreSQL behind the bastion, for trying the tunnel on.
import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { AwsAccount } from "./aws-account.ts";
import { keepStateIn } from "./backend.ts";
import { DatabaseNetwork } from "./database/database-network.ts";
import { Postgresql } from "./database/postgresql.ts";
import { NamedStack } from "./named-stack.ts";
import { formatCidr, parseCidr, type Cidr } from "./network/cidr.ts";
import { freeSubnets } from "./network/free-subnets.ts";
import { addProvider } from "./provider.ts";
import type { StackProps } from "./run-app.ts";
import type { Settings } from "./settings.ts";
import type { DatabaseDemo } from "./settings/sections/database-demo.ts";

const PORT = 5432;
const DATABASE_NAME = "demo";
const MASTER_USER = "demo_admin";

export interface DatabaseDemoStackProps extends StackProps {
  /** What the settings say of the database. */
  readonly demo: DatabaseDemo;
  /** The bastion's network. */
  readonly vpcId: string;
  /** The bastion's group, which alone may reach the database. */
  readonly bastionSecurityGroupId: string;
}

export class DatabaseDemoStack extends NamedStack {
  constructor(scope: Construct, id: string, props: DatabaseDemoStackProps) {
    super(scope, id);
    const { settings, demo, vpcId, bastionSecurityGroupId } = props;
    keepStateIn(props.backend, this);
    addProvider(this, settings);
    const account = new AwsAccount(this, "current");
    const name = `${settings.tag_application}-${settings.target_environment}-database`;
    const { subnetGroupName, securityGroupId } = new DatabaseNetwork(this, "network", {
      name,
      vpcId,
      clientSecurityGroupId: bastionSecurityGroupId,
      port: PORT,
      instanceClass: demo.instance_class,
      subnetCidrs: demo.subnets ?? freeSubnetsOf(settings),
      zones: demo.availability_zones,
    });
    const database = new Postgresql(this, "database", {
      account,
      name,
      databaseName: DATABASE_NAME,
      masterUser: MASTER_USER,
      instanceClass: demo.instance_class,
      port: PORT,
      subnetGroupName,
      securityGroupId,
      deletionProtection: demo.deletion_protection,
    });
    this.#addOutputs(name, database);
  }

  #addOutputs(name: string, { address, secretArn }: Postgresql): void {
    new TerraformOutput(this, "database_address", { value: address, description: "Where it listens, in the VPC" });
    new TerraformOutput(this, "database_secret_arn", {
      value: secretArn,
      description: `Holds the password of ${MASTER_USER}, for the first login`,
    });
    new TerraformOutput(this, "tunnel_command", {
      value: `./scripts/tunnel.ts --rds ${name}`,
      description: "Opens a port here, and prints the line for psql",
    });
  }
}

/** The checks have seen that there are two. */
function freeSubnetsOf({ vpc_cidr = "", vpc_private_subnets, vpc_public_subnets }: Settings): string[] {
  const read = (text: string): Cidr[] => [parseCidr(text)].filter((block) => block !== undefined);
  const taken = [...vpc_private_subnets, ...vpc_public_subnets].flatMap(read);
  return read(vpc_cidr).flatMap((vpc) => freeSubnets(vpc, taken, 2).map(formatCidr));
}
