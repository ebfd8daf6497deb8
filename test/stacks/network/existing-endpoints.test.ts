// Whether existing endpoints let the bastion in: the condition of the stack, as Terraform itself decides it.
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "@jest/globals";
import { resource, synthesize } from "../synthesized.ts";

const existing = synthesize({
  network: "existing",
  existing_network: {
    vpc_id: "vpc-0123456789abcdef0",
    subnet_ids: ["subnet-0123456789abcdef0"],
    endpoint_ids: { ssm: "vpce-0123456789abcdef0" },
  },
});

/** A rule as the provider reads it: what it does not have is null. */
const none = { cidr_ipv4: null, prefix_list_id: null, referenced_security_group_id: null };
const https = { is_egress: false, security_group_id: "sg-endpoint", ip_protocol: "tcp", from_port: 443, to_port: 443 };
const rule = (more: object): object => ({ ...https, ...none, ...more });

const letIn: [string, object[]][] = [
  ["one names the bastion's group", [rule({ referenced_security_group_id: "sg-bastion" })]],
  ["one holds both subnets' addresses", [rule({ cidr_ipv4: "10.0.0.0/27" })]],
  ["one names one subnet's addresses, and another the other's", ["10.0.0.0/28", "10.0.0.16/28"].map(namesCidr)],
  ["one names everybody, for all ports", [rule({ cidr_ipv4: "0.0.0.0/0", ip_protocol: "-1", from_port: null })]],
  ["one names a prefix list", [rule({ prefix_list_id: "pl-1" })]],
];
const keptOut: [string, object[]][] = [
  ["there is none", []],
  ["one names another group", [rule({ referenced_security_group_id: "sg-other" })]],
  ["one holds one subnet, and none the other", [rule({ cidr_ipv4: "10.0.0.0/28" })]],
  ["one is for another port", [rule({ cidr_ipv4: "0.0.0.0/0", from_port: 80, to_port: 80 })]],
  ["one lets out", [rule({ cidr_ipv4: "0.0.0.0/0", is_egress: true })]],
  ["one is of a group that is not the endpoint's", [rule({ cidr_ipv4: "0.0.0.0/0", security_group_id: "sg-strange" })]],
];

function namesCidr(cidr: string): object {
  return rule({ cidr_ipv4: cidr });
}

/** The condition with these rules in it, and the bastion in two subnets. */
function conditionOn(rules: readonly object[]): string {
  const address = "aws_vpc_security_group_egress_rule.bastion_group_to_existing_endpoints";
  const { precondition } = resource(existing, address)["lifecycle"] as { precondition: [{ condition: string }] };
  const values: [string, unknown][] = [
    ["data.aws_vpc_security_group_rule.existing_endpoint_rule", rules],
    ["data.aws_vpc_endpoint.existing_endpoint_ssm", { security_group_ids: ["sg-endpoint"] }],
    ["local.existing_endpoint_client_cidrs", ["10.0.0.0/28", "10.0.0.16/28"]],
    ["aws_security_group.bastion_group.id", "sg-bastion"],
  ];
  const condition = precondition[0].condition.replace(/^\$\{(.*)\}$/, "$1");
  return values.reduce((text, [name, value]) => text.replaceAll(name, JSON.stringify(value)), condition);
}

/** What Terraform says of the conditions on each of these. */
function evaluate(cases: readonly (readonly [string, readonly object[]])[]): unknown {
  const expression = `jsonencode({ ${cases.map(([name, rules]) => `"${name}" = ${conditionOn(rules)}`).join(", ")} })`;
  const environment = { ...process.env, CHECKPOINT_DISABLE: "1" };
  const options = { cwd: import.meta.dirname, env: environment, input: expression, encoding: "utf8" } as const;
  const { stdout, stderr } = spawnSync("terraform", ["console"], options);
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(JSON.parse(stdout) as string) as unknown;
}

const each = (cases: readonly (readonly [string, unknown])[], value: boolean): object =>
  Object.fromEntries(cases.map(([name]) => [name, value]));

describe("existing endpoints", () => {
  it("let the bastion in when a rule names its group, or rules hold its subnets", () => {
    expect(evaluate(letIn)).toEqual(each(letIn, true));
  });

  it("keep it out when no rule does", () => {
    expect(evaluate(keptOut)).toEqual(each(keptOut, false));
  });
});
