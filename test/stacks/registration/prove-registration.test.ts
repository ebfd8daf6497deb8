import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { bastionApp } from "../../../stacks/apps.ts";
import { LINKS, type Link } from "../../../stacks/registration/finding.ts";
import { matches } from "../../../stacks/registration/policies.ts";
import { proveRegistrations, type Proof } from "../../../stacks/registration/prove-registration.ts";
import type { StackJson } from "../../../stacks/registration/terraform-model.ts";
import { scenarios } from "../../checkov/scenarios.ts";
import { synthesize } from "../synthesized.ts";
import { changed, removals } from "./mutations.ts";

const project = join(import.meta.dirname, "..", "..", "..");
const shipped = JSON.parse(readFileSync(join(project, "dev.tfvars.json"), "utf8")) as object;

/** Why nothing is broken without it. */
interface Irrelevant {
  readonly because: string;
}
const irrelevant = (because: string): Irrelevant => ({ because });

type Row = readonly [path: string, Link | Irrelevant];

const NAMES = irrelevant("a name, a tag or a description");
const ELSEWHERE = irrelevant("not on the way from the instance to Systems Manager");
const RUN_COMMAND = irrelevant("sessions do without ec2messages");
const AWS_DEFAULT = irrelevant("what AWS does without it is as good");

// What each thing in the stack is for. The first row that fits a path speaks of it.
const names: readonly Row[] = [
  ["*.tags", NAMES],
  ["*.description", NAMES],
];

const common: readonly Row[] = [
  ["aws_instance.bastion_host_1", irrelevant("without an instance there is nothing that could register")],
  ["aws_instance.*.ami", irrelevant("Terraform asks for it, and what the image brings is none of the stack's")],
  ["aws_instance.*.instance_type", irrelevant("any size will do")],
  ["aws_instance.*.disable_api_termination", ELSEWHERE],
  ["aws_instance.*.ebs_optimized", ELSEWHERE],
  ["aws_instance.*.monitoring", ELSEWHERE],
  ["aws_instance.*.root_block_device", ELSEWHERE],
  ["aws_instance.*.metadata_options", AWS_DEFAULT],
  ["aws_instance.*.iam_instance_profile", "instance-role"],
  ["aws_instance.*.depends_on*", "order-of-creation"],

  ["aws_iam_instance_profile.bastion_role_profile.name", NAMES],
  ["aws_iam_instance_profile.bastion_role_profile*", "instance-role"],
  ["aws_iam_role.bastion_role.name", "role-permissions"],
  ["aws_iam_role.bastion_role*", "instance-role"],
  ["data.aws_iam_policy_document.bastion_role_trust*", "instance-role"],
  ["aws_iam_role_policy.bastion_role_core.name", NAMES],
  ["aws_iam_role_policy.bastion_role_core*", "role-permissions"],
  ["data.aws_iam_policy_document.bastion_role_core_document*", "role-permissions"],
  // The ARNs of policies are built from them.
  ["data.aws_caller_identity.*", "role-permissions"],
  ["data.aws_partition.*", "role-permissions"],
  ["data.aws_region.*", "role-permissions"],

  ["aws_subnet.network_subnet_1", "subnet"],
  ["aws_subnet.*.vpc_id", "subnet"],
  ["aws_subnet.*", irrelevant("which addresses and which zone makes no difference")],
  ["aws_vpc.network_vpc", "subnet"],
  ["aws_vpc.network_vpc.cidr_block", irrelevant("Terraform asks for it, and any addresses will do")],
  ["aws_vpc.network_vpc.enable_dns_support", AWS_DEFAULT],
  ["aws_default_security_group.*", ELSEWHERE],
  ["aws_security_group.bastion_group.name", NAMES],
  ["aws_security_group.bastion_group*", "instance-security-groups"],

  ["*flow_log*", ELSEWHERE],
  ["data.aws_ec2_instance_type_offerings.*", irrelevant("it only chooses the zone")],
  ["data.aws_ssm_parameter.image_parameter*", irrelevant("what the image brings is none of the stack's")],
];

/** An instance that makes its network interface itself. */
const ownInterface: readonly Row[] = [
  ["aws_instance.*.subnet_id", "subnet"],
  ["aws_instance.*.vpc_security_group_ids*", "instance-security-groups"],
];

const privateLink: readonly Row[] = [
  ...ownInterface,
  ["aws_instance.*.associate_public_ip_address", irrelevant("no route leads to the internet")],
  [
    "aws_instance.*.depends_on[aws_route_table_association*]",
    irrelevant("the VPC's main table has its local route too"),
  ],
  ["aws_route_table*", irrelevant("the VPC's main table has its local route too")],
  ["aws_vpc.network_vpc.enable_dns_hostnames", "dns"],
  ["*endpoint_ec2messages*", RUN_COMMAND],
  ["*offered_ec2messages*", RUN_COMMAND],
  ["aws_security_group.endpoint_*.name", NAMES],
  ["aws_security_group.endpoint_*", "endpoint-security-groups"],
  ["aws_vpc_endpoint.*.policy", AWS_DEFAULT],
  // The rule that lets the instance out names the group that the endpoint then lacks.
  ["aws_vpc_endpoint.*.security_group_ids*", "instance-security-groups"],
  ["aws_vpc_endpoint.*", "way-out"],
  ["aws_vpc_security_group_egress_rule.*", "instance-security-groups"],
  ["aws_vpc_security_group_ingress_rule.*", "endpoint-security-groups"],
  ["data.aws_vpc_endpoint_service.*.service_type", irrelevant("these services have no other type")],
  ["data.aws_vpc_endpoint_service.*", "way-out"],
];

const VPC_IS_DEFAULT = irrelevant("addresses are for VPCs by default");
const BY_ROUTES = irrelevant("the route table, which refers to the gateway, is waited for too");

const internet: readonly Row[] = [
  ["aws_route_table*", "way-out"],
  ["aws_internet_gateway.network_internet_gateway*", "way-out"],
  ["aws_vpc.network_vpc.enable_dns_hostnames", irrelevant("the services' public names resolve without it")],
  ["aws_vpc_security_group_egress_rule.bastion_group_to_internet*", "instance-security-groups"],
];

const nat: readonly Row[] = [
  ...ownInterface,
  ["aws_instance.*.associate_public_ip_address", AWS_DEFAULT],
  ["aws_eip.*.domain", VPC_IS_DEFAULT],
  ["aws_eip.*.depends_on*", BY_ROUTES],
  ["aws_eip.network_nat_address_1", "way-out"],
  ["aws_nat_gateway.*.depends_on*", BY_ROUTES],
  ["aws_nat_gateway.*", "way-out"],
  ["aws_subnet.network_public_subnet_1", "way-out"],
  ["aws_subnet.network_public_subnet_1.vpc_id", "way-out"],
];

const BY_ADDRESS = irrelevant("the public address waits for it, and the instance for the address");

const publicNetwork: readonly Row[] = [
  ["aws_instance.*.depends_on[aws_eip.bastion_host_address_1]", "order-of-creation"],
  ["aws_instance.*.depends_on[*]", BY_ADDRESS],
  ["aws_instance.*.network_interface*", "subnet"],
  ["aws_network_interface.*.security_groups*", "instance-security-groups"],
  ["aws_network_interface.*", "subnet"],
  ["aws_eip.*.domain", VPC_IS_DEFAULT],
  ["aws_eip.*.depends_on*", irrelevant("the instance waits for the same things itself")],
  ["aws_eip.bastion_host_address_1*", "way-out"],
];

/** Those of the session preferences: a log group, a bucket and a key. */
const features: readonly Row[] = [
  ["aws_instance.*.depends_on[aws_route_table_association*]", "order-of-creation"],
  ["aws_instance.*.depends_on[aws_vpc_endpoint.s3]", irrelevant("the rule that names its addresses waits for it")],
  ["*bastion_role_features*", irrelevant("without it there is nothing that a feature calls")],
  ["data.terraform_remote_state.*", irrelevant("what another stack tells is a name, the same here and there")],
  ["aws_route_table.*.route", irrelevant("the endpoint adds its own")],
  ["aws_route_table*", "way-out"],
  ["aws_vpc_endpoint.s3.vpc_endpoint_type", AWS_DEFAULT],
];

/** Stacks whose every part is taken away in turn, and the rows that speak of them. */
const networks: readonly { readonly name: string; readonly settings: object; readonly rows: readonly Row[] }[] = [
  { name: "private-link", settings: shipped, rows: [...names, ...privateLink, ...common] },
  {
    name: "nat",
    settings: { network: "nat", vpc_cidr: "10.10.0.0/24" },
    rows: [...names, ...nat, ...internet, ...common],
  },
  { name: "public", settings: { network: "public" }, rows: [...names, ...publicNetwork, ...internet, ...common] },
  {
    name: "private-link-with-features",
    settings: {
      ...shipped,
      vpc_cidr: "10.10.0.0/26",
      vpc_private_subnets: ["10.10.0.0/26"],
      session_preferences: { s3_logs: true },
    },
    rows: [...names, ...features, ...privateLink.filter(([path]) => !path.includes("route_table")), ...common],
  },
];

function stack(settings: object): StackJson {
  const { exitCode, json } = synthesize(settings);
  expect(exitCode).toBe(0);
  return json;
}

function prove(json: StackJson): Proof {
  const [proof, ...others] = proveRegistrations(json);
  if (proof === undefined || others.length > 0) throw new Error("the stack has not one instance");
  return proof;
}

describe("proveRegistrations()", () => {
  it.each(scenarios(shipped).filter(({ app }) => app === bastionApp))(
    "raises no false alarm for scenario $name",
    ({ settings }) => {
      const proofs = proveRegistrations(synthesize(settings).json);
      expect(proofs.length).toBeGreaterThan(0);
      for (const { broken } of proofs) expect(broken).toBeUndefined();
      const { network } = settings as { network?: string };
      expect(proofs.every(({ outside }) => outside.length === 0)).toBe(network !== "existing");
    },
  );

  it.each(networks)("names the broken link, or knows why none is, whatever $name loses", ({ settings, rows }) => {
    const json = stack(settings);
    const surprises = [...removals(json)].flatMap(({ path, json: rest }) => {
      const row = rows.find(([pattern]) => matches(pattern, path));
      if (row === undefined) return [`${path}: no row says what it is for`];
      const wanted = typeof row[1] === "string" ? row[1] : undefined;
      const [proof] = proveRegistrations(rest);
      const met = proof?.broken?.link;
      return met === wanted ? [] : [`${path}: ${met ?? "nothing"} is named, not ${wanted ?? "nothing"}`];
    });
    expect(surprises).toEqual([]);
  });

  it.each(networks)("has no row that speaks of nothing in $name", ({ settings, rows }) => {
    const paths = [...removals(stack(settings))].map(({ path }) => path);
    const used = new Set(paths.map((path) => rows.find(([pattern]) => matches(pattern, path))));
    expect(rows.filter((row) => !used.has(row)).map(([pattern]) => pattern)).toEqual([]);
  });
});

/** One thing written wrongly: where, what it becomes, and the link that breaks. */
type Alteration = readonly [link: Link, how: string, path: string, change: (value: unknown) => unknown];

const set = (value: unknown) => () => value;
const replace = (from: string, to: string) => (text: unknown) => {
  if (typeof text !== "string" || !text.includes(from)) throw new RangeError(`no "${from}" in ${String(text)}`);
  return text.replaceAll(from, to);
};
const instance = "resource aws_instance bastion_host_1";
const vpc = "resource aws_vpc network_vpc";
const core = "data aws_iam_policy_document bastion_role_core_document";
const ssm = "resource aws_vpc_endpoint endpoint_ssm";
const ssmmessages = "resource aws_vpc_endpoint endpoint_ssmmessages";
const egress = "resource aws_vpc_security_group_egress_rule bastion_group_to_endpoint_ssm";
const ingress = "resource aws_vpc_security_group_ingress_rule endpoint_ssm_from_bastion";
const otherGroup = set("${aws_security_group.endpoint_ec2messages_security_group.id}");

const alterations: readonly Alteration[] = [
  ["instance-role", "instance metadata is off", `${instance} metadata_options http_endpoint`, set("disabled")],
  [
    "instance-role",
    "EC2 is not trusted",
    "data aws_iam_policy_document bastion_role_trust statement 0 principals 0 identifiers",
    set(["lambda.amazonaws.com"]),
  ],
  [
    "instance-role",
    "the trust is a denial",
    "data aws_iam_policy_document bastion_role_trust statement 0 effect",
    set("Deny"),
  ],
  [
    "role-permissions",
    "the policy is another role's",
    "resource aws_iam_role_policy bastion_role_core role",
    set("${aws_iam_role.flow_logs_role.name}"),
  ],
  [
    "role-permissions",
    "the heartbeat is allowed for another resource",
    `${core} statement 0 resources`,
    set(["arn:aws:ec2:eu-central-1:111122223333:volume/*"]),
  ],
  [
    "role-permissions",
    "a channel is not allowed",
    `${core} statement 1 actions`,
    (actions) => (actions as string[]).slice(1),
  ],
  [
    "role-permissions",
    "a channel is denied",
    `${core} statement`,
    (statements) => [...(statements as object[]), { effect: "Deny", actions: ["ssmmessages:Open*"], resources: ["*"] }],
  ],
  [
    "role-permissions",
    "only another account's role may",
    `${core} statement 1`,
    (statement) => ({
      ...(statement as object),
      condition: [{ test: "StringEquals", variable: "aws:PrincipalAccount", values: ["111122223333"] }],
    }),
  ],
  [
    "role-permissions",
    "the boundary allows something else",
    "resource aws_iam_role bastion_role",
    (role) => ({ ...(role as object), permissions_boundary: "${aws_iam_policy.boundary.arn}" }),
  ],
  ["way-out", "the subnet is another VPC's", "resource aws_subnet network_subnet_1 vpc_id", set("${aws_vpc.other.id}")],
  ["way-out", "the endpoint is another service's", "data aws_vpc_endpoint_service offered_ssm service", set("ec2")],
  ["way-out", "the endpoint stands in another VPC", `${ssm} vpc_id`, set("${aws_vpc.other.id}")],
  ["way-out", "the endpoint is in no subnet", `${ssm} subnet_ids`, set([])],
  ["way-out", "the endpoint has no private name", `${ssmmessages} private_dns_enabled`, set(false)],
  ["way-out", "the endpoint is a gateway", `${ssm} vpc_endpoint_type`, set("Gateway")],
  ["dns", "the VPC resolves no names", `${vpc} enable_dns_support`, set(false)],
  ["dns", "the VPC resolves no private names", `${vpc} enable_dns_hostnames`, set(false)],
  [
    "instance-security-groups",
    "the instance has another group",
    `${instance} vpc_security_group_ids`,
    set(["${aws_security_group.endpoint_ssm_security_group.id}"]),
  ],
  ["instance-security-groups", "only another port is open", `${egress} from_port`, set(444)],
  ["instance-security-groups", "only UDP is let out", `${egress} ip_protocol`, set("udp")],
  ["instance-security-groups", "another group is let out to", `${egress} referenced_security_group_id`, otherGroup],
  ["endpoint-security-groups", "only another port is open", `${ingress} to_port`, set(442)],
  ["endpoint-security-groups", "only UDP is let in", `${ingress} ip_protocol`, set("udp")],
  ["endpoint-security-groups", "another group is let in", `${ingress} referenced_security_group_id`, otherGroup],
  ["endpoint-security-groups", "the rule is another group's", `${ingress} security_group_id`, otherGroup],
  [
    "endpoint-policy",
    "a call is missing",
    `${ssmmessages} policy`,
    replace("ssmmessages:OpenControlChannel", "ssmmessages:*DataChannel"),
  ],
  ["endpoint-policy", "it is another role's", `${ssm} policy`, replace("role/sandbox-dev-", "role/other-")],
  [
    "endpoint-policy",
    "it is another account's",
    `${ssm} policy`,
    replace(
      '"aws:PrincipalAccount":"${data.aws_caller_identity.current_caller.account_id}"',
      '"aws:PrincipalAccount":"111122223333"',
    ),
  ],
  ["endpoint-policy", "it denies", `${ssm} policy`, replace('"Allow"', '"Deny"')],
];

describe("proveRegistrations(), of what is written wrongly", () => {
  /** With a second VPC and a boundary, for those who point at them. */
  const other = {
    aws_vpc: { other: { cidr_block: "10.20.0.0/24", enable_dns_support: true, enable_dns_hostnames: true } },
    aws_iam_policy: {
      boundary: { name: "boundary", policy: '{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}' },
    },
  };

  it.each(alterations)("names %s when %s", (link, _how, path, change) => {
    const json = changed(stack(shipped), ["resource"], (all) => {
      const types = all as Record<string, object>;
      return { ...types, aws_vpc: { ...types["aws_vpc"], ...other.aws_vpc }, aws_iam_policy: other.aws_iam_policy };
    });
    expect(prove(json).broken).toBeUndefined();
    const proof = prove(changed(json, path.split(" "), change));
    expect(proof).toMatchObject({ consequence: "would say TargetNotConnected", broken: { link } });
  });

  it("breaks each link that a stack of one subnet can break, where the other tests break the others", () => {
    const broken = new Set<Link>(["subnet", "network-acl", "order-of-creation", ...alterations.map(([link]) => link)]);
    expect(LINKS.filter((link) => !broken.has(link))).toEqual([]);
  });
});

describe("proveRegistrations(), of features", () => {
  const json = stack({ vpc_cidr: "10.10.0.0/26", session_preferences: { s3_logs: true } });

  it.each([
    ["logs", "way-out", "resource aws_vpc_endpoint endpoint_logs private_dns_enabled", set(false)],
    ["kms", "endpoint-policy", "resource aws_vpc_endpoint endpoint_kms policy", replace("kms:Decrypt", "kms:Encrypt")],
    ["s3", "way-out", "resource aws_vpc_endpoint s3 route_table_ids", set([])],
    [
      "s3",
      "instance-security-groups",
      `resource aws_vpc_security_group_egress_rule bastion_group_to_s3 from_port`,
      set(444),
    ],
    ["s3", "endpoint-policy", "resource aws_vpc_endpoint s3 policy", replace("s3:PutObject", "s3:GetObject")],
  ] as const)("names the call of %s that could not be made, and %s", (service, link, path, change) => {
    const proof = prove(changed(json, path.split(" "), change));
    expect(proof).toMatchObject({
      consequence: expect.stringMatching(`^could not call ${service}:`),
      broken: { link },
    });
  });
});

describe("proveRegistrations(), of a network that was there before", () => {
  const existing_network = { vpc_id: "vpc-0123456789abcdef0", subnet_ids: ["subnet-0123456789abcdef0"] };
  const endpoint_ids = { ssm: "vpce-0123456789abcdef0", ssmmessages: "vpce-0123456789abcdef1" };

  it("tells what it cannot know, and breaks nothing", () => {
    const json = stack({ network: "existing", existing_network: { ...existing_network, endpoint_ids } });
    const { broken, outside } = prove(json);
    expect(broken).toBeUndefined();
    expect(outside).toEqual(
      expect.arrayContaining([
        "the instance's subnet",
        "the way to ssm, by an endpoint or a route that is there",
        "the DNS attributes of the VPC",
        "the policy of an endpoint that is there",
      ]),
    );
  });

  it.each([
    ["instance-role", "data aws_iam_policy_document bastion_role_trust statement 0 effect", set("Deny")],
    ["role-permissions", "data aws_iam_policy_document bastion_role_core_document statement", set([])],
    ["way-out", "resource aws_vpc_endpoint endpoint_ssm private_dns_enabled", set(false)],
    ["instance-security-groups", "resource aws_vpc_security_group_egress_rule", set({})],
    ["endpoint-security-groups", "resource aws_vpc_security_group_ingress_rule", set({})],
    ["endpoint-policy", "resource aws_vpc_endpoint endpoint_ssm policy", replace('"Action":"*"', '"Action":"s3:*"')],
    ["order-of-creation", "resource aws_instance bastion_host_1 depends_on", set([])],
  ] as const)("still names %s in what the stack adds to it", (link, path, change) => {
    const json = stack({ network: "existing", existing_network });
    expect(prove(json).broken).toBeUndefined();
    expect(prove(changed(json, path.split(" "), change))).toMatchObject({ broken: { link } });
  });
});

describe("proveRegistrations(), of network ACLs", () => {
  const entry = (number: number, action: string, from = 0, to = 65_535) => ({
    rule_no: number,
    action,
    protocol: "tcp",
    from_port: from,
    to_port: to,
    cidr_block: "10.10.0.0/24",
  });
  const all = [entry(100, "allow")];

  /** Two subnets, of which the endpoints' second one gets the ACL. */
  function withAcl(acl: object): StackJson {
    const json = stack({ vpc_cidr: "10.10.0.0/24", vpc_private_subnets: ["10.10.0.0/26", "10.10.0.64/26"] });
    const subnetIds = { subnet_ids: ["${aws_subnet.network_subnet_2.id}"] };
    const aws_network_acl = { second: { ...subnetIds, ...acl } };
    return changed(json, ["resource"], (types) => ({ ...(types as object), aws_network_acl }));
  }

  it("finds nothing where calls and answers pass", () => {
    expect(prove(withAcl({ ingress: all, egress: all })).broken).toBeUndefined();
  });

  it.each([
    ["calls do not come in", { ingress: [entry(100, "allow", 22, 22)], egress: all }],
    ["answers do not go out", { ingress: all, egress: [entry(100, "allow", 443, 443)] }],
    ["a denial stands before the allowance", { ingress: [entry(90, "deny", 443, 443), ...all], egress: all }],
    ["there is no entry", {}],
  ])("names network-acl when %s", (_how, acl) => {
    expect(prove(withAcl(acl))).toMatchObject({ broken: { link: "network-acl" } });
  });

  it("finds nothing in one that no call crosses", () => {
    const aws_network_acl = { only: { subnet_ids: ["${aws_subnet.network_subnet_1.id}"] } };
    const json = changed(stack(shipped), ["resource"], (types) => ({ ...(types as object), aws_network_acl }));
    expect(prove(json).broken).toBeUndefined();
  });
});
