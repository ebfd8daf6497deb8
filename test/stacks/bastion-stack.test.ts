// The isolated bastion as Terraform gets it.
import { describe, expect, it } from "@jest/globals";
import { AWS_PROVIDER_VERSION } from "../../sandbox/terraform/provider-mirror.ts";
import { addresses, dataSource, resource, resources, synthesize, type Arguments } from "./synthesized.ts";

const bastion = synthesize();
const instance = resource(bastion, "aws_instance.bastion_host_1");
const endpointNames = ["ssm", "ssmmessages", "ec2messages"];

const policyOf = (name: string): { Statement: Record<string, unknown>[] } =>
  JSON.parse(String(resource(bastion, `aws_vpc_endpoint.endpoint_${name}`)["policy"])) as never;

describe("resource addresses", () => {
  // Changing one replaces the resource behind it: say so in CHANGELOG.md ("replaces").
  it("are these, and stay these", () => {
    expect(addresses(bastion)).toEqual([
      "aws_cloudwatch_log_group.flow_logs_log_group",
      "aws_default_security_group.network_default_security_group",
      "aws_flow_log.flow_logs",
      "aws_iam_instance_profile.bastion_role_profile",
      "aws_iam_role.bastion_role",
      "aws_iam_role.flow_logs_role",
      "aws_iam_role_policy.bastion_role_core",
      "aws_iam_role_policy.flow_logs_role_policy",
      "aws_instance.bastion_host_1",
      "aws_kms_alias.flow_logs_key_alias",
      "aws_kms_key.flow_logs_key",
      "aws_route_table.network_route_table",
      "aws_route_table_association.network_route_table_association_1",
      "aws_security_group.bastion_group",
      "aws_security_group.endpoint_ec2messages_security_group",
      "aws_security_group.endpoint_ssm_security_group",
      "aws_security_group.endpoint_ssmmessages_security_group",
      "aws_subnet.network_subnet_1",
      "aws_vpc.network_vpc",
      "aws_vpc_endpoint.endpoint_ec2messages",
      "aws_vpc_endpoint.endpoint_ssm",
      "aws_vpc_endpoint.endpoint_ssmmessages",
      "aws_vpc_security_group_egress_rule.bastion_group_to_endpoint_ec2messages",
      "aws_vpc_security_group_egress_rule.bastion_group_to_endpoint_ssm",
      "aws_vpc_security_group_egress_rule.bastion_group_to_endpoint_ssmmessages",
      "aws_vpc_security_group_ingress_rule.endpoint_ec2messages_from_bastion",
      "aws_vpc_security_group_ingress_rule.endpoint_ssm_from_bastion",
      "aws_vpc_security_group_ingress_rule.endpoint_ssmmessages_from_bastion",
    ]);
  });

  it("do not change when application, environment, Region or network do", () => {
    const other = synthesize({
      tag_application: "billing",
      target_environment: "prod",
      aws_region: "us-east-1",
      vpc_cidr: "10.0.0.0/24",
    });
    expect(addresses(other)).toEqual(addresses(bastion));
  });

  it("of the bastion keep their number when more of them are wanted", () => {
    expect(Object.keys(resources(synthesize({ bastion_count: 3 }), "aws_instance"))).toEqual([
      "bastion_host_1",
      "bastion_host_2",
      "bastion_host_3",
    ]);
  });
});

describe("isolation", () => {
  it("has no internet gateway, no NAT gateway, no address and no peering", () => {
    const waysOut = /internet_gateway|nat_gateway|eip|peering|transit_gateway|vpn|aws_route$|network_interface/;
    expect(Object.keys(bastion.json.resource ?? {}).filter((type) => waysOut.test(type))).toEqual([]);
  });

  it("has a route table that Terraform keeps empty", () => {
    expect(resource(bastion, "aws_route_table.network_route_table")["route"]).toEqual([]);
  });

  it("gives no public address, neither by the subnet nor by the instance", () => {
    expect(resource(bastion, "aws_subnet.network_subnet_1")["map_public_ip_on_launch"]).toBe(false);
    expect(instance["associate_public_ip_address"]).toBe(false);
  });

  it("has no ingress rule on the bastion's group", () => {
    const onBastion = Object.values(resources(bastion, "aws_vpc_security_group_ingress_rule")).filter(
      (rule) => rule["security_group_id"] === "${aws_security_group.bastion_group.id}",
    );
    expect(onBastion).toEqual([]);
    expect(resource(bastion, "aws_security_group.bastion_group")).not.toHaveProperty("ingress");
  });

  it("has no rule for a whole network anywhere", () => {
    const rules = ["ingress", "egress"].flatMap((direction) =>
      Object.values(resources(bastion, `aws_vpc_security_group_${direction}_rule`)),
    );
    expect(rules.filter((rule) => "cidr_ipv4" in rule || "cidr_ipv6" in rule || "prefix_list_id" in rule)).toEqual([]);
  });

  it("lets the bastion out to the endpoints on 443 only", () => {
    expect(Object.values(resources(bastion, "aws_vpc_security_group_egress_rule")).map(essence)).toEqual(
      endpointNames
        .map((name) => ({
          security_group_id: "${aws_security_group.bastion_group.id}",
          referenced_security_group_id: `\${aws_security_group.endpoint_${name}_security_group.id}`,
          ip_protocol: "tcp",
          from_port: 443,
          to_port: 443,
        }))
        .sort((one, other) => one.referenced_security_group_id.localeCompare(other.referenced_security_group_id)),
    );
  });

  it.each(endpointNames)("lets only the bastion's group into the %s endpoint, on 443", (name) => {
    expect(essence(resource(bastion, `aws_vpc_security_group_ingress_rule.endpoint_${name}_from_bastion`))).toEqual({
      security_group_id: `\${aws_security_group.endpoint_${name}_security_group.id}`,
      referenced_security_group_id: "${aws_security_group.bastion_group.id}",
      ip_protocol: "tcp",
      from_port: 443,
      to_port: 443,
    });
  });

  it("empties the VPC's default security group", () => {
    const group = resource(bastion, "aws_default_security_group.network_default_security_group");
    expect(group).not.toHaveProperty("ingress");
    expect(group).not.toHaveProperty("egress");
  });
});

/** A rule without its description and metadata. */
function essence(rule: Arguments): Arguments {
  return Object.fromEntries(Object.entries(rule).filter(([key]) => key !== "//" && key !== "description"));
}

describe("interface endpoints", () => {
  it("switch on the DNS that their private names need", () => {
    expect(resource(bastion, "aws_vpc.network_vpc")).toMatchObject({
      enable_dns_support: true,
      enable_dns_hostnames: true,
    });
  });

  it.each(endpointNames)("%s has private DNS and stands in the bastion's subnet", (name) => {
    expect(resource(bastion, `aws_vpc_endpoint.endpoint_${name}`)).toMatchObject({
      private_dns_enabled: true,
      vpc_endpoint_type: "Interface",
      subnet_ids: ["${aws_subnet.network_subnet_1.id}"],
      security_group_ids: [`\${aws_security_group.endpoint_${name}_security_group.id}`],
    });
  });

  it.each([
    ["ssm", ["ssm:UpdateInstanceInformation"]],
    [
      "ssmmessages",
      [
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
      ],
    ],
    [
      "ec2messages",
      [
        "ec2messages:AcknowledgeMessage",
        "ec2messages:DeleteMessage",
        "ec2messages:FailMessage",
        "ec2messages:GetEndpoint",
        "ec2messages:GetMessages",
        "ec2messages:SendReply",
      ],
    ],
  ])("%s passes the agent's calls for sessions only", (name, actions) => {
    expect(policyOf(name).Statement).toHaveLength(1);
    expect(policyOf(name).Statement[0]).toMatchObject({ Effect: "Allow", Action: actions });
  });

  it.each(endpointNames)("%s passes only this account's bastion role", (name) => {
    const region = "${data.aws_region.current_region.name}";
    const account = "${data.aws_caller_identity.current_caller.account_id}";
    const partition = "${data.aws_partition.current_partition.partition}";
    expect(policyOf(name).Statement[0]?.["Condition"]).toEqual({
      StringEquals: { "aws:PrincipalAccount": account },
      ArnEquals: {
        "aws:PrincipalArn": `arn:${partition}:iam::${account}:role/sandbox-dev-bastion-host-${region}`,
      },
    });
    expect(resource(bastion, "aws_iam_role.bastion_role")["name"]).toBe(`sandbox-dev-bastion-host-${region}`);
  });

  it("leave ec2messages out when the settings say so", () => {
    const without = synthesize({ ec2messages_endpoint: false });
    expect(addresses(without).filter((address) => address.includes("ec2messages"))).toEqual([]);
    expect(Object.keys(resources(without, "aws_vpc_endpoint"))).toEqual(["endpoint_ssm", "endpoint_ssmmessages"]);
  });
});

describe("the instance", () => {
  it("comes after all that its agent needs to register with its first call", () => {
    const other = synthesize({
      bastion_host_policy: {
        managed_policy_arns: ["arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy"],
        inline_policy: { Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::tools/*" }] },
      },
      targets: [{ name: "database", host: "db.internal", port: 5432, cidr: "10.20.0.0/24" }],
    });
    const needed = addresses(other).filter((address) =>
      /^aws_vpc_endpoint\.|_(in|e)gress_rule\.|^aws_route_table_association\.|\.bastion_role_(core|added|managed)/.test(
        address,
      ),
    );
    expect(needed).toHaveLength(3 + 3 + 4 + 1 + 3);
    expect([...(resource(other, "aws_instance.bastion_host_1")["depends_on"] as string[])].sort()).toEqual(needed);
  });

  it("takes IMDSv2 only, with answers that do not leave it", () => {
    expect(instance["metadata_options"]).toEqual({
      http_endpoint: "enabled",
      http_tokens: "required",
      http_put_response_hop_limit: 1,
    });
  });

  it("has an encrypted gp3 root volume", () => {
    expect(instance["root_block_device"]).toMatchObject({ encrypted: true, volume_type: "gp3", volume_size: 8 });
  });

  it("has no key pair and no user data", () => {
    expect(instance).not.toHaveProperty("key_name");
    expect(instance).not.toHaveProperty("user_data");
  });

  it("is a t3.nano, watched closely, and kept from being terminated by mistake", () => {
    expect(instance).toMatchObject({ instance_type: "t3.nano", monitoring: true, disable_api_termination: true });
  });

  it("may be terminated when termination_protection is off", () => {
    const unprotected = synthesize({ termination_protection: false });
    expect(resource(unprotected, "aws_instance.bastion_host_1")["disable_api_termination"]).toBe(false);
  });

  it("has the Name tag that people find it by", () => {
    expect(instance["tags"]).toEqual({ Name: "sandbox-dev-bastion-host" });
  });

  it("is replaced by a newer image, unless ami_policy pins it", () => {
    expect(instance).not.toHaveProperty("lifecycle");
    const pinned = resource(synthesize({ ami_policy: "pinned" }), "aws_instance.bastion_host_1");
    expect(pinned["lifecycle"]).toEqual({ ignore_changes: ["ami"] });
  });

  it("stands with others in the subnets by turns", () => {
    const spread = synthesize({
      vpc_cidr: "10.0.0.0/24",
      vpc_private_subnets: ["10.0.0.0/28", "10.0.0.16/28"],
      bastion_count: 3,
    });
    expect(Object.values(resources(spread, "aws_instance")).map((each) => each["subnet_id"])).toEqual([
      "${aws_subnet.network_subnet_1.id}",
      "${aws_subnet.network_subnet_2.id}",
      "${aws_subnet.network_subnet_1.id}",
    ]);
  });
});

describe("the role", () => {
  const statements = (synthesized: typeof bastion, name: string) =>
    dataSource(synthesized, `aws_iam_policy_document.${name}`)["statement"] as Arguments[];

  it("may do the five things that sessions take, and nothing else", () => {
    expect(statements(bastion, "bastion_role_core_document").flatMap(({ actions }) => actions)).toEqual([
      "ssm:UpdateInstanceInformation",
      "ssmmessages:CreateControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
    ]);
    expect(resources(bastion, "aws_iam_role_policy_attachment")).toEqual({});
  });

  it("may also do what the settings add, condition and IAM variable as written", () => {
    const added = synthesize({
      bastion_host_policy: {
        inline_policy: {
          Statement: [
            {
              Sid: "Own",
              Effect: "Allow",
              Action: "s3:GetObject",
              Resource: "arn:aws:s3:::tools/${aws:userid}/%{x}/*",
              Condition: { StringEquals: { "aws:PrincipalAccount": ["1", "2"] } },
            },
          ],
        },
      },
    });
    expect(statements(added, "bastion_role_added_document")).toEqual([
      {
        // eslint-disable-next-line id-denylist -- the provider's word
        sid: "Own",
        effect: "Allow",
        actions: ["s3:GetObject"],
        resources: ["arn:aws:s3:::tools/&{aws:userid}/%%{x}/*"],
        condition: [{ test: "StringEquals", variable: "aws:PrincipalAccount", values: ["1", "2"] }],
      },
    ]);
  });

  it("gets managed policies, each at an address of its own", () => {
    const arn = "arn:aws:iam::111122223333:policy/team/Reader";
    const added = synthesize({ bastion_host_policy: { managed_policy_arns: [arn] } });
    expect(
      resource(added, "aws_iam_role_policy_attachment.bastion_role_managed_111122223333_team_Reader"),
    ).toMatchObject({ policy_arn: arn });
  });
});

describe("targets", () => {
  const withTargets = (...targets: object[]): Arguments[] =>
    Object.entries(resources(synthesize({ targets }), "aws_vpc_security_group_egress_rule"))
      .filter(([name]) => name.includes("to_target"))
      .map(([, rule]) => rule);

  it("become exactly one egress rule each, to the address or the group and the port", () => {
    const rules = withTargets(
      { name: "database", host: "db.internal", port: 5432, cidr: "10.20.0.0/24" },
      { name: "cache", host: "cache.internal", port: 6379, security_group_id: "sg-0123456789abcdef0" },
    );
    const bastionGroup = "${aws_security_group.bastion_group.id}";
    expect(rules.map(({ "//": _metadata, ...rule }) => rule)).toEqual([
      {
        security_group_id: bastionGroup,
        description: "To database",
        ip_protocol: "tcp",
        from_port: 5432,
        to_port: 5432,
        cidr_ipv4: "10.20.0.0/24",
      },
      {
        security_group_id: bastionGroup,
        description: "To cache",
        ip_protocol: "tcp",
        from_port: 6379,
        to_port: 6379,
        referenced_security_group_id: "sg-0123456789abcdef0",
      },
    ]);
  });

  it("share a rule when they are behind the same addresses and port, because EC2 refuses a rule twice", () => {
    const rules = withTargets(
      { name: "orders", host: "orders.internal", port: 5432, cidr: "10.20.0.0/24" },
      { name: "users", host: "users.internal", port: 5432, cidr: "10.20.0.0/24" },
    );
    expect(rules).toHaveLength(1);
    expect(rules[0]?.["description"]).toBe("To orders, users");
  });

  it("keep the address of their rule when they are renamed or reordered", () => {
    const one = { name: "one", host: "a", port: 1, cidr: "10.20.0.0/24" };
    const two = { name: "two", host: "b", port: 2, cidr: "10.20.0.0/24" };
    expect(addresses(synthesize({ targets: [two, { ...one, name: "renamed" }] }))).toEqual(
      addresses(synthesize({ targets: [one, two] })),
    );
  });
});

describe("images", () => {
  it.each([
    ["al2023", "t3.nano", "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"],
    ["al2023", "t4g.nano", "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"],
    ["al2", "c7gn.large", "/aws/service/ami-amazon-linux-latest/amzn2-ami-kernel-default-hvm-arm64-gp2"],
    ["ubuntu", "g5.xlarge", "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"],
    ["ubuntu", "g5g.xlarge", "/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id"],
    ["ubuntu", "a1.medium", "/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id"],
  ])("%s on %s comes from %s", (image, instance_type, parameter) => {
    const synthesized = synthesize({ image, instance_type });
    expect(dataSource(synthesized, "aws_ssm_parameter.image_parameter")["name"]).toBe(parameter);
    expect(resource(synthesized, "aws_instance.bastion_host_1")["ami"]).toBe(
      "${data.aws_ssm_parameter.image_parameter.insecure_value}",
    );
  });
});

describe("zones", () => {
  it("are the first that offer instance type and endpoints, and are kept once chosen", () => {
    const subnet = resource(bastion, "aws_subnet.network_subnet_1");
    expect(subnet["availability_zone"]).toBe("${element(local.offered_zones, 0)}");
    expect(subnet["lifecycle"]).toMatchObject({
      ignore_changes: ["availability_zone"],
      precondition: [{ condition: "${(length(local.offered_zones) >= 1)}" }],
    });
  });

  it("are those of the settings where they are named", () => {
    const named = synthesize({
      vpc_cidr: "10.0.0.0/24",
      vpc_private_subnets: ["10.0.0.0/28", "10.0.0.16/28"],
      availability_zones: ["eu-central-1c", "eu-central-1a"],
    });
    expect(Object.values(resources(named, "aws_subnet")).map((subnet) => subnet["availability_zone"])).toEqual([
      "eu-central-1c",
      "eu-central-1a",
    ]);
    expect(resource(named, "aws_subnet.network_subnet_1")).not.toHaveProperty("lifecycle");
  });
});

describe("flow logs", () => {
  it("record everything, in a log group that its own key encrypts and that is kept for a year", () => {
    expect(resource(bastion, "aws_flow_log.flow_logs")).toMatchObject({ traffic_type: "ALL" });
    expect(resource(bastion, "aws_cloudwatch_log_group.flow_logs_log_group")).toMatchObject({
      retention_in_days: 365,
      kms_key_id: "${aws_kms_key.flow_logs_key.arn}",
    });
  });

  it("have a key that rotates, and that only this log group of this account may use", () => {
    const key = resource(bastion, "aws_kms_key.flow_logs_key");
    const { Statement } = JSON.parse(String(key["policy"])) as { Statement: Record<string, object>[] };
    expect(key["enable_key_rotation"]).toBe(true);
    expect(JSON.stringify(Statement[1]?.["Condition"])).toMatch(/:log-group:\/aws\/vpc\/flow-logs\/sandbox-dev"}}$/);
  });
});

describe("outputs", () => {
  const value = (name: string, synthesized = bastion): unknown => synthesized.json.output?.[name]?.value;

  it("hold the instance ids and the Name tag", () => {
    expect(value("instance_ids")).toEqual(["${aws_instance.bastion_host_1.id}"]);
    expect(value("instance_name")).toBe("sandbox-dev-bastion-host");
  });

  it("hold a connect command to paste, with the OS user where it is not ec2-user", () => {
    expect(value("connect_command")).toBe("./scripts/connect.ts sandbox-dev-bastion-host my_key");
    expect(value("connect_command", synthesize({ image: "ubuntu" }))).toBe(
      "./scripts/connect.ts ubuntu@sandbox-dev-bastion-host my_key",
    );
  });

  it("hold console links for each bastion", () => {
    const two = synthesize({ bastion_count: 2 });
    expect(value("session_manager_urls", two)).toHaveLength(2);
    expect(String((value("instance_connect_urls", two) as string[])[1])).toMatch(
      /#ConnectToInstance:instanceId=\$\{aws_instance\.bastion_host_2\.id\}$/,
    );
  });
});

describe("the whole", () => {
  it("asks for the provider version that the mirror is searched for", () => {
    const { required_providers: providers } = bastion.json.terraform as unknown as {
      required_providers: { aws: { version: string } };
    };
    expect(providers.aws.version).toBe(AWS_PROVIDER_VERSION);
  });

  it("asks for a Terraform that has lock files in S3", () => {
    expect(bastion.versions).toContain('required_version = ">= 1.10.0"');
  });

  it("has no Terraform variables, because a scanner does not see through them", () => {
    expect(bastion.json).not.toHaveProperty("variable");
  });

  it("tags everything with application and environment", () => {
    expect(bastion.json.provider?.["aws"]?.[0]?.["default_tags"]).toEqual([
      { tags: { Application: "sandbox", Environment: "dev" } },
    ]);
  });

  it("leaves alone the tags by which commands agree on a reboot", () => {
    expect(bastion.json.provider?.["aws"]?.[0]?.["ignore_tags"]).toEqual([
      { key_prefixes: ["isolated-bastion:healing:"] },
    ]);
  });

  it("holds no path of the computer that synthesized it", () => {
    expect(JSON.stringify(bastion.json)).not.toMatch(/\/(tmp|home|Users|root|work|private)\//);
  });

  it("needs no exception from Checkov", () => {
    expect(JSON.stringify(bastion.json)).not.toContain('"checkov"');
  });
});
