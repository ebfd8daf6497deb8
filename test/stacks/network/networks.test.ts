// The kinds of network as Terraform gets them: what each has, what it has not, and how the bastion is let out.
import { describe, expect, it } from "@jest/globals";
import { planEndpoints } from "../../../stacks/network/endpoint-plan.ts";
import type { BastionFeature } from "../../../stacks/bastion/feature.ts";
import type { Settings } from "../../../stacks/settings/schema.ts";
import { addresses, dataSource, resource, resources, synthesize, type Arguments } from "../synthesized.ts";

const existing_network = {
  vpc_id: "vpc-0123456789abcdef0",
  subnet_ids: ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
  endpoint_ids: { ssm: "vpce-0123456789abcdef0", ssmmessages: "vpce-0123456789abcdef1" },
};
/** Buckets of Amazon's own, with packages and SSM Agents. */
const OF_AMAZON = /:s3:::(al2023-repos|amazonlinux|amazon-ssm)-/;
const nat = synthesize({ network: "nat" });
const open = synthesize({ network: "public", bastion_count: 2 });
const existing = synthesize({ network: "existing", existing_network, bastion_count: 3 });

const typesOf = (synthesized: typeof nat): string[] => Object.keys(synthesized.json.resource ?? {});
const egress = (synthesized: typeof nat): Arguments[] =>
  Object.values(resources(synthesized, "aws_vpc_security_group_egress_rule"));

describe.each([
  ["nat", nat],
  ["public", open],
])("the network %s", (_kind, synthesized) => {
  it("has no endpoint, and lets the bastion out to port 443 alone", () => {
    expect(typesOf(synthesized)).not.toContain("aws_vpc_endpoint");
    expect(egress(synthesized)).toMatchObject([
      { ip_protocol: "tcp", from_port: 443, to_port: 443, cidr_ipv4: "0.0.0.0/0" },
    ]);
  });

  it("lets nothing in", () => {
    expect(typesOf(synthesized)).not.toContain("aws_vpc_security_group_ingress_rule");
    expect(resource(synthesized, "aws_security_group.bastion_group")).not.toHaveProperty("ingress");
  });

  it("has subnets that give out no addresses", () => {
    const given = Object.values(resources(synthesized, "aws_subnet")).map((each) => each["map_public_ip_on_launch"]);
    expect(new Set(given)).toEqual(new Set([false]));
  });

  it("asks of a zone no more than the instance type", () => {
    expect(Object.keys(synthesized.json.data ?? {})).not.toContain("aws_vpc_endpoint_service");
  });
});

describe("the network nat", () => {
  it("leads the bastion's subnet to a NAT gateway in a public one, and that to the internet", () => {
    const route = (name: string): unknown => resource(nat, `aws_route_table.${name}`)["route"];
    expect(route("network_route_table_1")).toMatchObject([
      { cidr_block: "0.0.0.0/0", nat_gateway_id: "${aws_nat_gateway.network_nat_gateway_1.id}" },
    ]);
    expect(route("network_public_route_table")).toMatchObject([
      { cidr_block: "0.0.0.0/0", gateway_id: "${aws_internet_gateway.network_internet_gateway.id}" },
    ]);
    expect(resource(nat, "aws_nat_gateway.network_nat_gateway_1")).toMatchObject({
      subnet_id: "${aws_subnet.network_public_subnet_1.id}",
    });
    expect(resource(nat, "aws_instance.bastion_host_1")).toMatchObject({
      subnet_id: "${aws_subnet.network_subnet_1.id}",
      associate_public_ip_address: false,
    });
  });

  it("takes the lower half of its addresses for the gateway, and the upper one for the bastion", () => {
    expect(resource(nat, "aws_vpc.network_vpc")["cidr_block"]).toBe("10.10.0.224/27");
    expect(resource(nat, "aws_subnet.network_public_subnet_1")["cidr_block"]).toBe("10.10.0.224/28");
    expect(resource(nat, "aws_subnet.network_subnet_1")["cidr_block"]).toBe("10.10.0.240/28");
  });

  it("has a gateway for each zone where there is a public subnet for each, or one for all", () => {
    const zones = { vpc_cidr: "10.0.0.0/24", vpc_private_subnets: ["10.0.0.0/28", "10.0.0.16/28"] };
    const tablesOf = (vpc_public_subnets: string[]): unknown[] =>
      ["1", "2"].map(
        (number) =>
          resource(
            synthesize({ network: "nat", ...zones, vpc_public_subnets }),
            `aws_route_table_association.network_route_table_association_${number}`,
          )["route_table_id"],
      );
    const [one, two] = ["1", "2"].map((number) => `\${aws_route_table.network_route_table_${number}.id}`);
    expect(tablesOf(["10.0.0.32/28", "10.0.0.48/28"])).toEqual([one, two]);
    expect(tablesOf(["10.0.0.32/28"])).toEqual([one, one]);
  });
});

describe("the network public", () => {
  it("gives each bastion its address before it starts, because an agent calls at once", () => {
    expect(resource(open, "aws_eip.bastion_host_address_2")).toMatchObject({
      domain: "vpc",
      network_interface: "${aws_network_interface.bastion_host_interface_2.id}",
    });
    const instance = resource(open, "aws_instance.bastion_host_2");
    expect(instance["depends_on"]).toContain("aws_eip.bastion_host_address_2");
    expect(instance["network_interface"]).toEqual([
      { device_index: 0, network_interface_id: "${aws_network_interface.bastion_host_interface_2.id}" },
    ]);
    for (const key of ["associate_public_ip_address", "subnet_id", "vpc_security_group_ids"])
      expect(instance).not.toHaveProperty(key);
  });

  it("leads its subnet to the internet gateway", () => {
    expect(resource(open, "aws_route_table.network_route_table")["route"]).toMatchObject([
      { cidr_block: "0.0.0.0/0", gateway_id: "${aws_internet_gateway.network_internet_gateway.id}" },
    ]);
  });
});

describe("an existing network", () => {
  it("gets nothing but the bastion, its group, and the endpoints that are missing", () => {
    expect(addresses(existing)).toEqual([
      "aws_iam_instance_profile.bastion_role_profile",
      "aws_iam_role.bastion_role",
      "aws_iam_role_policy.bastion_role_core",
      "aws_instance.bastion_host_1",
      "aws_instance.bastion_host_2",
      "aws_instance.bastion_host_3",
      "aws_security_group.bastion_group",
      "aws_security_group.endpoint_ec2messages_security_group",
      "aws_vpc_endpoint.endpoint_ec2messages",
      "aws_vpc_security_group_egress_rule.bastion_group_to_endpoint_ec2messages",
      "aws_vpc_security_group_egress_rule.bastion_group_to_existing_endpoints",
      "aws_vpc_security_group_ingress_rule.endpoint_ec2messages_from_bastion",
      "aws_vpc_security_group_ingress_rule.endpoint_ec2messages_from_vpc",
    ]);
  });

  it("is checked by the plan: DNS flags, subnets and endpoints in the VPC, groups that let the bastion in", () => {
    const conditions = (address: string): unknown[] => {
      const { postcondition } = dataSource(existing, address)["lifecycle"] as { postcondition: Arguments[] };
      return postcondition.map(({ condition }) => condition);
    };
    expect(conditions("aws_vpc.network_vpc")).toEqual(["${self.enable_dns_support}", "${self.enable_dns_hostnames}"]);
    expect(conditions("aws_subnet.network_subnet")).toEqual(["${(self.vpc_id == data.aws_vpc.network_vpc.id)}"]);
    expect(conditions("aws_vpc_endpoint.existing_endpoint_ssm")).toEqual([
      "${(self.vpc_id == data.aws_vpc.network_vpc.id)}",
      '${endswith(self.service_name, ".ssm")}',
      "${self.private_dns_enabled}",
    ]);
    const rule = resource(existing, "aws_vpc_security_group_egress_rule.bastion_group_to_existing_endpoints");
    const { precondition } = rule["lifecycle"] as { precondition: Arguments[] };
    expect(precondition.map(({ error_message: message }) => String(message).split(":")[0])).toEqual(
      ["0", "1"].map(
        (last) => `no security group of endpoint vpce-0123456789abcdef${last} lets TCP 443 in from the bastion`,
      ),
    );
  });

  it("gets a rule in the endpoints' groups when that is asked for", () => {
    const asked = { ...existing_network, open_endpoint_groups: true };
    const opened = synthesize({ network: "existing", existing_network: asked });
    expect(resource(opened, "aws_vpc_security_group_ingress_rule.existing_endpoint_from_bastion")).toMatchObject({
      from_port: 443,
      referenced_security_group_id: "${aws_security_group.bastion_group.id}",
    });
    expect(
      resource(opened, "aws_vpc_security_group_egress_rule.bastion_group_to_existing_endpoints"),
    ).not.toHaveProperty("lifecycle");
    expect(resource(opened, "aws_instance.bastion_host_1")["depends_on"]).toContain(
      "aws_vpc_security_group_ingress_rule.existing_endpoint_from_bastion",
    );
  });

  it("lets the whole account and VPC use an endpoint that takes over a name there", () => {
    const { Statement } = JSON.parse(String(resource(existing, "aws_vpc_endpoint.endpoint_ec2messages")["policy"])) as {
      Statement: Arguments[];
    };
    expect(Statement).toEqual([
      {
        Sid: "AccountOnly",
        Effect: "Allow",
        Principal: "*",
        Action: "*",
        Resource: "*",
        Condition: {
          StringEquals: { "aws:PrincipalAccount": "${data.aws_caller_identity.current_caller.account_id}" },
        },
      },
    ]);
    expect(resource(existing, "aws_vpc_security_group_ingress_rule.endpoint_ec2messages_from_vpc")).toMatchObject({
      for_each: "${toset(local.network_vpc_cidrs)}",
      cidr_ipv4: "${each.value}",
    });
  });

  it("has its bastions in the named subnets by turns, without a public address, whatever the subnets do", () => {
    const instances = Object.values(resources(existing, "aws_instance"));
    expect(instances.map((each) => each["subnet_id"])).toEqual([
      "subnet-0123456789abcdef0",
      "subnet-0123456789abcdef1",
      "subnet-0123456789abcdef0",
    ]);
    expect(new Set(instances.map((each) => each["associate_public_ip_address"]))).toEqual(new Set([false]));
  });

  it("is found by tags, with as many subnets as have them", () => {
    const tags = { vpc_tags: { Name: "shared" }, subnet_tags: { Tier: "private" } };
    const tagged = synthesize({ network: "existing", existing_network: tags, bastion_count: 2 });
    expect(dataSource(tagged, "aws_vpc.network_vpc")["tags"]).toEqual({ Name: "shared" });
    expect(dataSource(tagged, "aws_subnets.network_subnets")["filter"]).toEqual([
      { name: "vpc-id", values: ["${data.aws_vpc.network_vpc.id}"] },
      { name: "tag:Tier", values: ["private"] },
    ]);
    expect(resource(tagged, "aws_instance.bastion_host_2")["subnet_id"]).toBe(
      "${element(sort(data.aws_subnets.network_subnets.ids), 1)}",
    );
  });

  it("needs no endpoints where it leads to the internet itself", () => {
    const own = { ...existing_network, endpoint_ids: {}, create_endpoints: false };
    const leading = synthesize({ network: "existing", existing_network: own });
    expect(typesOf(leading)).not.toContain("aws_vpc_endpoint");
    expect(egress(leading)).toMatchObject([{ from_port: 443, cidr_ipv4: "0.0.0.0/0" }]);
  });
});

describe("the endpoints of an isolated network with every feature", () => {
  const full = synthesize({
    patching: true,
    session_preferences: { s3_logs: true },
    associations: { tag: "Environment", values: ["dev"] },
    vpc_cidr: "10.10.0.0/24",
  });
  const endpoints = resources(full, "aws_vpc_endpoint");
  const statementsOf = (name: string): Arguments[] =>
    (JSON.parse(String(endpoints[name]?.["policy"])) as { Statement: Arguments[] }).Statement;

  it("are all that the features call", () => {
    const services = ["ec2messages", "kms", "logs", "ssm", "ssmmessages"];
    expect(Object.keys(endpoints).sort()).toEqual([...services.map((service) => `endpoint_${service}`), "s3"]);
  });

  it.each(Object.keys(endpoints))(
    "%s passes calls of this account's bastion role alone, and beside them packages that anybody may read",
    (name) => {
      const account = "${data.aws_caller_identity.current_caller.account_id}";
      const unsigned = statementsOf(name).filter(({ Sid }) => Sid === "PublicObjects");
      const signed = statementsOf(name).filter(({ Sid }) => Sid !== "PublicObjects");
      expect(signed.length).toBeGreaterThan(0);
      for (const { Effect, Condition } of signed) {
        expect(Effect).toBe("Allow");
        expect(Condition).toMatchObject({
          StringEquals: { "aws:PrincipalAccount": account },
          ArnEquals: { "aws:PrincipalArn": expect.stringMatching(/:role\/sandbox-dev-bastion-host-/) },
        });
      }
      expect(unsigned.map(({ Action }) => Action)).toEqual(name === "s3" ? ["s3:GetObject"] : []);
      expect(unsigned.flatMap(({ Resource }) => Resource as string[]).filter((arn) => !OF_AMAZON.test(arn))).toEqual(
        [],
      );
    },
  );
});

describe("S3's gateway endpoint", () => {
  const logged = synthesize({ session_preferences: { s3_logs: true } });

  it("stands in an isolated network as soon as something calls S3, on the route of the bastion's subnet", () => {
    expect(resource(logged, "aws_vpc_endpoint.s3")).toMatchObject({
      vpc_endpoint_type: "Gateway",
      route_table_ids: ["${aws_route_table.network_route_table.id}"],
    });
    expect(resource(logged, "aws_vpc_security_group_egress_rule.bastion_group_to_s3")).toMatchObject({
      from_port: 443,
      prefix_list_id: "${aws_vpc_endpoint.s3.prefix_list_id}",
    });
    expect(resource(logged, "aws_instance.bastion_host_1")["depends_on"]).toContain("aws_vpc_endpoint.s3");
  });

  it("passes the role's calls for the role alone", () => {
    const { Statement } = JSON.parse(String(resource(logged, "aws_vpc_endpoint.s3")["policy"])) as {
      Statement: { Condition: { ArnEquals: object } }[];
    };
    expect(Statement.length).toBeGreaterThan(0);
    for (const { Condition } of Statement) expect(Object.keys(Condition.ArnEquals)).toEqual(["aws:PrincipalArn"]);
  });

  it("is not made where there is none to call it", () => {
    expect(Object.keys(resources(synthesize(), "aws_vpc_endpoint"))).not.toContain("s3");
  });
});

describe("planEndpoints()", () => {
  const logging: BastionFeature = { statements: [{ Effect: "Allow", Action: "logs:PutLogEvents", Resource: "*" }] };
  const packages: BastionFeature = { statements: [], publicObjects: ["arn:aws:s3:::packages/*"] };
  const settings = (network: Settings["network"], more: object = {}): Settings =>
    ({ network, ec2messages_endpoint: false, ...more }) as Settings;

  it("follows the features in an isolated network", () => {
    expect(planEndpoints(settings("private-link"), [logging, packages])).toEqual({
      made: ["ssm", "ssmmessages", "logs"],
      reused: new Map(),
      s3: "made",
      reachesInternet: false,
    });
  });

  it.each(["nat", "public"] as const)("makes none in %s, whatever the features call", (network) => {
    expect(planEndpoints(settings(network), [logging, packages])).toEqual({
      made: [],
      reused: new Map(),
      s3: undefined,
      reachesInternet: true,
    });
  });

  const named = { create_endpoints: true, open_endpoint_groups: false, endpoint_ids: { ssm: "vpce-1", s3: "vpce-2" } };

  it("makes what an existing network lacks, and takes what it has", () => {
    expect(planEndpoints(settings("existing", { existing_network: named }), [logging, packages])).toEqual({
      made: ["ssmmessages", "logs"],
      reused: new Map([["ssm", "vpce-1"]]),
      s3: { reused: "vpce-2" },
      reachesInternet: false,
    });
  });

  it("fails when S3 is called from an existing network that names no endpoint for it", () => {
    const without = { ...named, endpoint_ids: {} };
    expect(() => planEndpoints(settings("existing", { existing_network: without }), [packages])).toThrow(
      '"endpoint_ids.s3" is missing',
    );
  });
});
