// Settings of the database behind the bastion, for trying the tunnel on.
import { z } from "zod";
import { cidr, isNot } from "../fields.ts";

const databaseDemo = z.strictObject({
  subnets: z
    .array(cidr)
    .length(2, isNot("two CIDR blocks, because RDS wants two zones"))
    .optional()
    .meta({ description: "Its subnets, in the VPC's block. Default: the first two /28 there that are free." }),
  availability_zones: z
    .array(z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, isNot('a zone such as "eu-central-1a"')))
    .length(2, isNot("two zones, one for each subnet"))
    .optional()
    .meta({ description: "One zone for each. Default: the first two that have the size, kept from then on." }),
  instance_class: z
    .string()
    .regex(/^db\.[a-z0-9]+\.[a-z0-9]+$/, isNot("a class of RDS's"))
    .default("db.t4g.micro")
    .meta({
      description: "Its size.",
      costs: "about $28 a month for a db.t4g.micro with 20 GiB and its standby, and $1 for its key",
    }),
  deletion_protection: z
    .boolean()
    .default(true)
    .meta({ description: "Whether RDS refuses to delete it; `cdktf destroy` fails until false has been deployed." }),
});

export const databaseDemoSettings = {
  database_demo: databaseDemo.optional().meta({
    description:
      "A PostgreSQL on RDS in the bastion's VPC, reached from the bastion alone: `tunnel.ts --rds` finds it. `{}` is enough, where `vpc_cidr` has room for two more subnets.",
    example: { subnets: ["10.10.0.192/28", "10.10.0.208/28"] },
  }),
};

export type DatabaseDemo = z.infer<typeof databaseDemo>;
