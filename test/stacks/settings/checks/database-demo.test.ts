// A database that its network has no room for: refused at synthesis, with key and cure.
import { describe, expect, it } from "@jest/globals";
import { synthesize } from "../../synthesized.ts";

interface Case {
  readonly what: string;
  readonly settings: object;
  readonly error: string;
  readonly hint: string;
}

const room = { vpc_cidr: "10.10.0.192/26", vpc_private_subnets: ["10.10.0.240/28"] };
const subnets = ["10.10.0.192/28", "10.10.0.208/28"];

const cases: readonly Case[] = [
  {
    what: "in the /28 that is the default",
    settings: { database_demo: {} },
    error: '"database_demo" takes two subnets in two zones, for which "vpc_cidr", "10.10.0.240/28", has no room',
    hint: 'write "vpc_cidr": "10.10.0.192/26" and a subnet inside it for the bastion, such as "10.10.0.240/28", or leave "database_demo" out',
  },
  {
    what: "in a /27, which has room for the bastion and one subnet more",
    settings: { vpc_cidr: "10.10.0.224/27", vpc_private_subnets: ["10.10.0.240/28"], database_demo: {} },
    error: '"database_demo" takes two subnets in two zones, for which "vpc_cidr", "10.10.0.224/27", has no room',
    hint: 'write "vpc_cidr": "10.10.0.192/26" and a subnet inside it for the bastion, such as "10.10.0.240/28", or leave "database_demo" out',
  },
  {
    what: "in a VPC whose one subnet takes it all",
    settings: { vpc_cidr: "10.10.0.192/26", database_demo: {} },
    error: '"database_demo" finds no two /28 in "vpc_cidr", "10.10.0.192/26", that other subnets have left free',
    hint: 'name a smaller subnet for the bastion, such as "10.10.0.240/28", or a larger "vpc_cidr"',
  },
  {
    what: "in a subnet that begins inside a block",
    settings: { ...room, database_demo: { subnets: ["10.10.0.193/28", "10.10.0.208/28"] } },
    error: '"database_demo.subnets[0]": "10.10.0.193/28" begins inside a block, not at its start',
    hint: 'write "10.10.0.192/28"',
  },
  {
    what: "outside of the VPC",
    settings: { ...room, database_demo: { subnets: ["10.10.0.192/28", "10.20.0.0/28"] } },
    error: '"database_demo.subnets[1]": "10.20.0.0/28" is not inside "vpc_cidr", "10.10.0.192/26"',
    hint: "take a block inside the VPC's",
  },
  {
    what: "in the bastion's subnet",
    settings: { ...room, database_demo: { subnets: ["10.10.0.192/28", "10.10.0.240/28"] } },
    error: '"database_demo.subnets[1]": "10.10.0.240/28" shares addresses with "10.10.0.240/28"',
    hint: "give each subnet addresses of its own",
  },
  {
    what: "twice in one subnet",
    settings: { ...room, database_demo: { subnets: ["10.10.0.192/28", "10.10.0.192/28"] } },
    error: '"database_demo.subnets[1]": "10.10.0.192/28" shares addresses with "10.10.0.192/28"',
    hint: "give each subnet addresses of its own",
  },
  {
    what: "in an existing VPC, without subnets",
    settings: {
      network: "existing",
      existing_network: { vpc_id: "vpc-0123456789abcdef0", subnet_ids: ["subnet-0123456789abcdef0"] },
      database_demo: {},
    },
    error: '"database_demo" cannot find free addresses in a VPC that "existing_network" names',
    hint: 'write "database_demo": {"subnets": [two blocks that are free there]}',
  },
  {
    what: "in three subnets",
    settings: { ...room, database_demo: { subnets: [...subnets, "10.10.0.224/28"] } },
    error:
      '"database_demo.subnets": ["10.10.0.192/28","10.10.0.208/28","10.10.0.224/28"] is not two CIDR blocks, because RDS wants two zones',
    hint: 'write "database_demo": {"subnets":["10.10.0.192/28","10.10.0.208/28"]}',
  },
  {
    what: "twice in one zone",
    settings: { ...room, database_demo: { availability_zones: ["eu-central-1a", "eu-central-1a"] } },
    error: '"database_demo.availability_zones": "eu-central-1a" stands there twice',
    hint: "name two zones",
  },
];

describe("a database", () => {
  it.each(cases)("$what is refused", ({ settings, error, hint }) => {
    const { complaint, exitCode } = synthesize(settings);
    expect(complaint).toContain(`stacks: error: dev.tfvars.json: ${error}\nstacks: hint: ${hint}\n`);
    expect(exitCode).toBe(65);
  });
});
