// Wrong settings: each is met by the file, the key, what was found and the cure, before anything is deployed.
import { describe, expect, it } from "@jest/globals";
import { resource, synthesize } from "./synthesized.ts";

interface Case {
  readonly what: string;
  readonly settings: object;
  readonly error: string;
  readonly hint: string;
}

const target = { name: "database", host: "db.internal", port: 5432, cidr: "10.20.0.0/24" };

const cases: Case[] = [
  {
    what: "a missing key",
    settings: { tag_application: undefined },
    error: '"tag_application": is missing',
    hint: 'write "tag_application": "sandbox"',
  },
  {
    what: "an unknown key that looks like another",
    settings: { instance_typ: "t3.nano" },
    error: '"instance_typ": is not a setting',
    hint: 'is "instance_type" meant? docs/settings.md lists all settings',
  },
  {
    what: "an unknown key that looks like none",
    settings: { bogus: 1 },
    error: '"bogus": is not a setting',
    hint: "docs/settings.md lists all settings",
  },
  {
    what: "a key that would make a prototype",
    settings: JSON.parse('{"__proto__": 1}') as object,
    error: '"__proto__": is not a setting',
    hint: "docs/settings.md lists all settings",
  },
  {
    what: "a key of the AWS pattern that is fixed here",
    settings: { vpc_enable_nat_gateway: false },
    error: '"vpc_enable_nat_gateway": is not a setting',
    hint: 'leave it out: "network": "nat" brings a NAT gateway',
  },
  {
    what: "an unknown key of a target",
    settings: { targets: [{ ...target, prot: 1 }] },
    error: '"targets[0].prot": is not a setting',
    hint: 'write "targets": [{"name":"database","host":"db.internal","port":5432,"cidr":"10.20.0.0/24"}]',
  },
  {
    what: "a number for a string",
    settings: { instance_type: 3 },
    error: '"instance_type": 3 is not a string',
    hint: 'write "instance_type": "t3.nano"',
  },
  {
    what: "a string for a boolean",
    settings: { termination_protection: "false" },
    error: '"termination_protection": "false" is not a boolean',
    hint: 'write "termination_protection": true',
  },
  {
    what: "a string for a list",
    settings: { vpc_private_subnets: "10.10.0.240/28" },
    error: '"vpc_private_subnets": "10.10.0.240/28" is not a list',
    hint: 'write "vpc_private_subnets": ["10.10.0.240/28"]',
  },
  {
    what: "an image that does not exist",
    settings: { image: "al2022" },
    error: '"image": "al2022" is not "al2023" or "al2" or "ubuntu"',
    hint: 'write "image": "al2023"',
  },
  {
    what: "a name that a tag, a role or a shell would not like",
    settings: { tag_application: "Sand box\u001b[31m" },
    error:
      '"tag_application": "Sand box\\u001b[31m" is not lower-case letters, digits and hyphens, begun by a letter, at most 20 characters',
    hint: 'write "tag_application": "sandbox"',
  },
  {
    what: "a name that makes a role name too long",
    settings: { tag_application: "a".repeat(21) },
    error: `"tag_application": "${"a".repeat(21)}" is not lower-case letters, digits and hyphens, begun by a letter, at most 20 characters`,
    hint: 'write "tag_application": "sandbox"',
  },
  {
    what: "text that is no CIDR block",
    settings: { vpc_cidr: "10.10.0.240" },
    error: '"vpc_cidr": "10.10.0.240" is not an IPv4 CIDR block',
    hint: 'write "vpc_cidr": "10.10.0.240/28"',
  },
  {
    what: "a CIDR block with a number that is too large",
    settings: { vpc_cidr: "10.10.0.256/28" },
    error: '"vpc_cidr": "10.10.0.256/28" is not an IPv4 CIDR block',
    hint: 'write "vpc_cidr": "10.10.0.240/28"',
  },
  {
    what: "a CIDR block that begins inside another",
    settings: { vpc_cidr: "10.10.0.241/28" },
    error: '"vpc_cidr": "10.10.0.241/28" begins inside a block, not at its start',
    hint: 'write "10.10.0.240/28"',
  },
  {
    what: "a VPC that is larger than AWS makes them",
    settings: { vpc_cidr: "10.0.0.0/15", vpc_private_subnets: ["10.0.0.0/28"] },
    error: '"vpc_cidr": "10.0.0.0/15" has a size that AWS does not allow',
    hint: "take a block from /16 to /28",
  },
  {
    what: "a subnet outside the VPC",
    settings: { vpc_cidr: "10.10.0.0/24", vpc_private_subnets: ["10.10.1.0/28"] },
    error: '"vpc_private_subnets[0]": "10.10.1.0/28" is not inside "vpc_cidr", "10.10.0.0/24"',
    hint: "take a block inside the VPC's, or widen vpc_cidr",
  },
  {
    what: "two subnets in a /28",
    settings: { vpc_cidr: "10.10.0.240/28", vpc_private_subnets: ["10.10.0.240/28", "10.10.0.0/28"] },
    error: '"vpc_private_subnets": 2 subnets do not fit in "10.10.0.240/28", because AWS\'s smallest subnet is a /28',
    hint: 'write "vpc_cidr": "10.10.0.224/27" and /28 subnets inside it, or fewer subnets',
  },
  {
    what: "a subnet of a /28 that is smaller than AWS makes them",
    settings: { vpc_private_subnets: ["10.10.0.240/29"] },
    error: '"vpc_private_subnets[0]": "10.10.0.240/29" has a size that AWS does not allow',
    hint: "take a block from /16 to /28",
  },
  {
    what: "two subnets that overlap",
    settings: { vpc_cidr: "10.10.0.0/24", vpc_private_subnets: ["10.10.0.0/27", "10.10.0.16/28"] },
    error: '"vpc_private_subnets[1]": "10.10.0.16/28" shares addresses with "vpc_private_subnets[0]", "10.10.0.0/27"',
    hint: "give each subnet addresses of its own",
  },
  {
    what: "more bastions than the subnet has addresses",
    settings: { bastion_count: 9 },
    error: '"bastion_count": 9 do not fit: "vpc_private_subnets[0]" has 11 free addresses, 12 are needed',
    hint: "lower bastion_count, or take larger subnets",
  },
  {
    what: "no bastion at all",
    settings: { bastion_count: 0 },
    error: '"bastion_count": 0 is not 1 or more',
    hint: 'write "bastion_count": 1',
  },
  {
    what: "half a bastion",
    settings: { bastion_count: 1.5 },
    error: '"bastion_count": 1.5 is not a whole number',
    hint: 'write "bastion_count": 1',
  },
  {
    what: "a zone of another Region",
    settings: { aws_region: "eu-central-1", availability_zones: ["eu-west-1a"] },
    error: '"availability_zones": "eu-west-1a" is not in "aws_region", "eu-central-1"',
    hint: "name zones of that Region",
  },
  {
    what: "more zones than subnets",
    settings: { availability_zones: ["eu-central-1a", "eu-central-1b"] },
    error: '"availability_zones": 2 for 1 subnet',
    hint: "name one zone for each subnet, each another one, because an endpoint takes one subnet a zone",
  },
  {
    what: "the same zone for two subnets",
    settings: {
      vpc_cidr: "10.10.0.0/24",
      vpc_private_subnets: ["10.10.0.0/28", "10.10.0.16/28"],
      availability_zones: ["eu-central-1a", "eu-central-1a"],
    },
    error: '"availability_zones": 2 for 2 subnets',
    hint: "name one zone for each subnet, each another one, because an endpoint takes one subnet a zone",
  },
  {
    what: "a target with neither address nor group",
    settings: { targets: [{ ...target, cidr: undefined }] },
    error: '"targets[0]" names neither "cidr" nor "security_group_id"',
    hint: "write one of them: where the host's address is, or the security group it has",
  },
  {
    what: "a target with both address and group",
    settings: { targets: [{ ...target, security_group_id: "sg-0123456789abcdef0" }] },
    error: '"targets[0]" names both "cidr" and "security_group_id"',
    hint: "write one of them: where the host's address is, or the security group it has",
  },
  {
    what: "the internet as a target",
    settings: { targets: [{ ...target, cidr: "0.0.0.0/0" }] },
    error: '"targets[0].cidr": "0.0.0.0/0" is no target but a piece of the internet',
    hint: "name the addresses of the host, such as a /32 or its subnet",
  },
  {
    what: "a target whose address is elsewhere",
    settings: { targets: [{ ...target, host: "10.30.0.1" }] },
    error: '"targets[0].host": "10.30.0.1" is not inside its "cidr", "10.20.0.0/24"',
    hint: 'write "cidr": "10.30.0.1/32"',
  },
  {
    what: "a target's port that is none",
    settings: { targets: [{ ...target, port: 70_000 }] },
    error: '"targets[0].port": 70000 is not a port, 1 to 65535',
    hint: 'write "targets": [{"name":"database","host":"db.internal","port":5432,"cidr":"10.20.0.0/24"}]',
  },
  {
    what: "a target's host that begins like an option",
    settings: { targets: [{ ...target, host: "-oProxyCommand=x" }] },
    error: '"targets[0].host": "-oProxyCommand=x" is not a host name or an IPv4 address',
    hint: 'write "targets": [{"name":"database","host":"db.internal","port":5432,"cidr":"10.20.0.0/24"}]',
  },
  {
    what: "two targets of one name",
    settings: { targets: [target, { ...target, port: 1 }] },
    error: '"targets[].name": "database" stands there twice',
    hint: "leave one of them out",
  },
  {
    what: "a managed policy that is no ARN",
    settings: { bastion_host_policy: { managed_policy_arns: ["AdministratorAccess"] } },
    error: '"bastion_host_policy.managed_policy_arns[0]": "AdministratorAccess" is not the ARN of an IAM policy',
    hint: 'write "bastion_host_policy": {"managed_policy_arns":[],"inline_policy":{}}',
  },
];

describe("settings that cannot work", () => {
  it.each(cases)("$what fails with exit status 65, the key and the cure", ({ settings, error, hint }) => {
    const { exitCode, complaint } = synthesize(settings);
    expect(complaint).toBe(`stacks: error: dev.tfvars.json: ${error}\nstacks: hint: ${hint}\n`);
    expect(exitCode).toBe(65);
  });

  it("are all told at once", () => {
    const { complaint } = synthesize({ instance_type: 3, bogus: 1, ami_policy: "newest" });
    expect(complaint.match(/^stacks: error: /gm)).toHaveLength(3);
  });
});

describe("the settings file", () => {
  it("fails with exit status 66 when there is none for the environment", () => {
    const { exitCode, complaint } = synthesize({}, { environment: { ENVIRONMENT: "prod" } });
    expect(complaint).toBe(
      "stacks: error: prod.tfvars.json: does not exist\n" +
        "stacks: hint: copy dev.tfvars.json, or name another environment: ENVIRONMENT=dev\n",
    );
    expect(exitCode).toBe(66);
  });

  it("fails with exit status 65 when it is not JSON", () => {
    const { exitCode, complaint } = synthesize({}, { text: '{ "tag_application": "sandbox", }' });
    expect(complaint).toMatch(
      /^stacks: error: dev\.tfvars\.json: is not JSON: .+\nstacks: hint: npx prettier --check /,
    );
    expect(exitCode).toBe(65);
  });

  it("fails when it holds something else than an object", () => {
    expect(synthesize({}, { text: "[]" }).complaint).toContain("dev.tfvars.json: [] is not an object");
  });

  it("fails when ENVIRONMENT leads out of the folder", () => {
    const { exitCode, complaint } = synthesize({}, { environment: { ENVIRONMENT: "../secret" } });
    expect(complaint).toContain('stacks: error: ENVIRONMENT: "../secret" is not a name');
    expect(exitCode).toBe(65);
  });

  it("gives the environment its name, unless target_environment does", () => {
    const options = { environment: { STATE_BACKEND: "local", ENVIRONMENT: "prod" }, file: "prod.tfvars.json" };
    const nameOf = (settings: object): unknown =>
      resource(synthesize(settings, options), "aws_instance.bastion_host_1")["tags"];
    expect(nameOf({})).toEqual({ Name: "sandbox-prod-bastion-host" });
    expect(nameOf({ target_environment: "live" })).toEqual({ Name: "sandbox-live-bastion-host" });
  });

  it("fails when its name cannot be an environment's and nothing else names one", () => {
    const environment = { STATE_BACKEND: "local", ENVIRONMENT: "production-europe-west" };
    const { complaint } = synthesize({}, { environment, file: "production-europe-west.tfvars.json" });
    expect(complaint).toContain('its name cannot be an environment\'s: "production-europe-west" is not lower-case');
    expect(complaint).toContain('stacks: hint: write "target_environment": "dev"');
  });
});

describe("the Region", () => {
  it("is the provider's own matter when the settings name none", () => {
    expect(synthesize().json.provider?.["aws"]?.[0]).not.toHaveProperty("region");
  });

  it("is that of the settings", () => {
    expect(synthesize({ aws_region: "eu-west-1" }).json.provider?.["aws"]?.[0]).toMatchObject({ region: "eu-west-1" });
  });

  it.each(["AWS_REGION", "AWS_DEFAULT_REGION"])("fails when settings and %s disagree", (name) => {
    const environment = { STATE_BACKEND: "local", [name]: "us-east-1" };
    const { exitCode, complaint } = synthesize({ aws_region: "eu-west-1" }, { environment });
    expect(complaint).toBe(
      `stacks: error: dev.tfvars.json: "aws_region": "eu-west-1" is not the Region that ${name} names, "us-east-1"\n` +
        `stacks: hint: unset ${name}, or change one of the two\n`,
    );
    expect(exitCode).toBe(65);
  });
});
