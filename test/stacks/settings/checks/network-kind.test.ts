// Keys that do not suit the kind of network: each is met by the key, what was found and the cure.
import { describe, expect, it } from "@jest/globals";
import { synthesize } from "../../synthesized.ts";

const existing = { vpc_id: "vpc-0123456789abcdef0", subnet_ids: ["subnet-0123456789abcdef0"] };
const ssm = "vpce-0123456789abcdef0";

const cases: readonly (readonly [what: string, settings: object, error: string, hint: string])[] = [
  [
    "a kind that there is not",
    { network: "vpn" },
    '"network": "vpn" is not "private-link" or "nat" or "public" or "existing"',
    'write "network": "private-link"',
  ],
  [
    "public subnets of an isolated network",
    { vpc_public_subnets: ["10.10.0.240/28"] },
    '"vpc_public_subnets" does nothing with "network": "private-link"',
    'leave it out, or write "network": "nat" or "public"',
  ],
  [
    "private subnets of a public network",
    { network: "public", vpc_private_subnets: ["10.10.0.240/28"] },
    '"vpc_private_subnets" does nothing with "network": "public"',
    'leave it out, or write "network": "private-link" or "nat"',
  ],
  [
    "an existing network with another kind",
    { existing_network: existing },
    '"existing_network" does nothing with "network": "private-link"',
    'leave it out, or write "network": "existing"',
  ],
  [
    "addresses of an existing network",
    { network: "existing", existing_network: existing, vpc_cidr: "10.0.0.0/24" },
    '"vpc_cidr" does nothing with "network": "existing"',
    'leave it out, or write "network": "private-link" or "nat" or "public"',
  ],
  [
    "zones of an existing network",
    { network: "existing", existing_network: existing, availability_zones: ["eu-central-1a"] },
    '"availability_zones" does nothing with "network": "existing"',
    'leave it out, or write "network": "private-link" or "nat" or "public"',
  ],
  [
    "an endpoint to leave out where there is none",
    { network: "nat", ec2messages_endpoint: false },
    '"ec2messages_endpoint" does nothing with "network": "nat"',
    'leave it out, or write "network": "private-link" or "existing"',
  ],
  [
    "ec2messages dropped with an old image",
    { image: "al2", ec2messages_endpoint: false },
    '"ec2messages_endpoint": false takes an SSM Agent from 3.3.40 on, which "image": "al2" does not promise',
    'leave it out, or write "image": "al2023"',
  ],
  [
    "an existing network without ids",
    { network: "existing" },
    '"existing_network" is missing, and "network" is "existing"',
    'write "existing_network": {"vpc_id":"vpc-0123456789abcdef0","subnet_ids":["subnet-0123456789abcdef0"]}',
  ],
  [
    "an existing network whose VPC is not named",
    { network: "existing", existing_network: { subnet_ids: existing.subnet_ids } },
    '"existing_network" names neither "vpc_id" nor "vpc_tags"',
    "write one of them: vpc_id, or vpc_tags that nothing else has",
  ],
  [
    "an existing network whose subnets are named twice",
    { network: "existing", existing_network: { ...existing, subnet_tags: { Tier: "private" } } },
    '"existing_network" names both "subnet_ids" and "subnet_tags"',
    "write one of them: subnet_ids, or subnet_tags that nothing else has",
  ],
  [
    "groups to open without endpoints",
    { network: "existing", existing_network: { ...existing, open_endpoint_groups: true } },
    '"existing_network.open_endpoint_groups" does nothing without interface endpoints in "endpoint_ids"',
    "leave it out, or name the endpoints that are there already",
  ],
  [
    "an ec2messages endpoint that is not wanted",
    {
      network: "existing",
      ec2messages_endpoint: false,
      existing_network: { ...existing, endpoint_ids: { ec2messages: ssm } },
    },
    '"existing_network.endpoint_ids.ec2messages" does nothing with "ec2messages_endpoint": false',
    "leave one of them out",
  ],
  [
    "an endpoint of a service that is none",
    { network: "existing", existing_network: { ...existing, endpoint_ids: { ssm: "ssm" } } },
    '"existing_network.endpoint_ids.ssm": "ssm" is not the id of a VPC endpoint',
    'write "existing_network": {"vpc_id":"vpc-0123456789abcdef0","subnet_ids":["subnet-0123456789abcdef0"],"endpoint_ids":{"ssm":"vpce-0123456789abcdef0","ssmmessages":"vpce-0123456789abcdef1"}}',
  ],
  [
    "a /28 for a private and a public subnet",
    { network: "nat", vpc_cidr: "10.10.0.240/28" },
    '"vpc_cidr": 1 private and 1 public subnets do not fit in "10.10.0.240/28", because AWS\'s smallest subnet is a /28',
    'write "vpc_cidr": "10.10.0.224/27" and /28 subnets inside it, or fewer subnets',
  ],
  [
    "private subnets without the NAT gateway's",
    { network: "nat", vpc_private_subnets: ["10.10.0.240/28"] },
    '"vpc_public_subnets" is missing beside "vpc_private_subnets"',
    "name the public subnets too, or neither: then the halves of vpc_cidr are taken",
  ],
  [
    "two NAT gateways for three subnets",
    {
      network: "nat",
      vpc_cidr: "10.0.0.0/24",
      vpc_private_subnets: ["10.0.0.0/28", "10.0.0.16/28", "10.0.0.32/28"],
      vpc_public_subnets: ["10.0.0.64/28", "10.0.0.80/28"],
    },
    '"vpc_public_subnets": 2 for 3 private subnets',
    "name one, whose NAT gateway serves all, or one for each private subnet",
  ],
  [
    "three zones in a /28",
    {
      network: "public",
      vpc_public_subnets: ["10.10.0.240/28", "10.10.0.240/28", "10.10.0.240/28"],
      availability_zones: ["eu-central-1a", "eu-central-1b", "eu-central-1c"],
    },
    '"vpc_public_subnets": 3 subnets do not fit in "10.10.0.240/28", because AWS\'s smallest subnet is a /28',
    'write "vpc_cidr": "10.10.0.192/26" and /28 subnets inside it, or fewer subnets',
  ],
  [
    "public subnets that overlap private ones",
    {
      network: "nat",
      vpc_cidr: "10.0.0.0/24",
      vpc_private_subnets: ["10.0.0.0/27"],
      vpc_public_subnets: ["10.0.0.16/28"],
    },
    '"vpc_public_subnets[0]": "10.0.0.16/28" shares addresses with "vpc_private_subnets[0]", "10.0.0.0/27"',
    "give each subnet addresses of its own",
  ],
  [
    "more public bastions than the subnet has addresses",
    { network: "public", bastion_count: 12 },
    '"bastion_count": 12 do not fit: "vpc_public_subnets[0]" has 11 free addresses, 12 are needed',
    "lower bastion_count, or take larger subnets",
  ],
];

describe("settings of a network of another kind", () => {
  it.each(cases)("%s fails with exit status 65, the key and the cure", (_what, settings, error, hint) => {
    const { exitCode, complaint } = synthesize(settings);
    expect(complaint).toBe(`stacks: error: dev.tfvars.json: ${error}\nstacks: hint: ${hint}\n`);
    expect(exitCode).toBe(65);
  });
});

describe("S3 without a way", () => {
  it.each([
    ["session_preferences.s3_logs", { session_preferences: { s3_logs: true } }],
    ["patching", { patching: true }],
    ["associations", { associations: { tag: "Environment", values: ["dev"] } }],
  ])("fails where %s is on and an existing network names no endpoint for it", (key, settings) => {
    const { exitCode, complaint } = synthesize({ network: "existing", existing_network: existing, ...settings });
    expect(complaint).toBe(
      `stacks: error: dev.tfvars.json: "${key}" needs S3, and "existing_network.endpoint_ids.s3" is missing\n` +
        `stacks: hint: name the S3 gateway endpoint that the subnets' route tables have, leave "${key}" out, or write "create_endpoints": false where they lead to the internet\n`,
    );
    expect(exitCode).toBe(65);
  });

  it("is no matter where associations are about other instances, or the subnets lead to the internet", () => {
    const elsewhere = { associations: { tag: "Application", values: ["billing"] } };
    const outwards = { ...existing, create_endpoints: false };
    const exits = [
      { network: "existing", existing_network: existing, ...elsewhere },
      { network: "existing", existing_network: outwards, session_preferences: { s3_logs: true } },
    ].map((settings) => synthesize(settings).exitCode);
    expect(exits).toEqual([0, 0]);
  });
});
