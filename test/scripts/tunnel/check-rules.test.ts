// Which missing rule a person is told of, and that nobody is kept out by a guess.
import { describe, expect, it } from "@jest/globals";
import type { DatabaseEndpoint, SecurityGroup, SecurityGroupRule } from "../../../scripts/command/network-ports.ts";
import { checkRules } from "../../../scripts/tunnel/check-rules.ts";
import type { TunnelTarget } from "../../../scripts/tunnel/tunnel-targets.ts";

const network = { vpcId: "vpc-1", privateIpAddress: "10.0.0.10", securityGroupIds: ["sg-bastion"] };

function rule(own: Partial<SecurityGroupRule> = {}): SecurityGroupRule {
  return {
    protocol: "tcp",
    fromPort: 5432,
    toPort: 5432,
    cidrs: [],
    securityGroupIds: [],
    hasPrefixLists: false,
    ...own,
  };
}

const orders: TunnelTarget = {
  name: "orders",
  host: "orders.rds.example",
  port: 5432,
  database: { securityGroupIds: ["sg-orders"], subnetIds: ["subnet-1"] } as unknown as DatabaseEndpoint,
};
const address: TunnelTarget = { name: "10.9.0.7:5432", host: "10.9.0.7", port: 5432, database: undefined };
const named: TunnelTarget = { name: "db.internal:5432", host: "db.internal", port: 5432, database: undefined };

function check(
  target: TunnelTarget,
  egress: readonly SecurityGroupRule[],
  ingress: readonly SecurityGroupRule[] = [],
): Promise<void> {
  const groups: SecurityGroup[] = [
    { securityGroupId: "sg-bastion", egress, ingress: [] },
    { securityGroupId: "sg-orders", egress: [], ingress },
  ];
  return checkRules(target, network, {
    aws: {
      region: "eu-central-1",
      findSecurityGroups: (ids) =>
        Promise.resolve(groups.filter(({ securityGroupId }) => ids.includes(securityGroupId))),
      subnetCidrs: () => Promise.resolve(["10.0.1.0/24"]),
    },
    reporter: { debug: () => undefined },
  });
}

const toGroup = rule({ securityGroupIds: ["sg-orders"] });
const fromBastion = rule({ securityGroupIds: ["sg-bastion"] });

describe("checkRules()", () => {
  it.each<[string, TunnelTarget, SecurityGroupRule[], SecurityGroupRule[]]>([
    ["a rule to the database's group", orders, [toGroup], [fromBastion]],
    ["a rule to its subnet", orders, [rule({ cidrs: ["10.0.1.0/25"] })], [fromBastion]],
    [
      "a rule to everything",
      orders,
      [rule({ protocol: "-1", cidrs: ["0.0.0.0/0"] })],
      [rule({ cidrs: ["10.0.0.0/28"] })],
    ],
    ["a prefix list, which nobody looks up", orders, [rule({ hasPrefixLists: true })], [fromBastion]],
    ["a range of ports", address, [rule({ fromPort: 5000, toPort: 6000, cidrs: ["10.9.0.0/16"] })], []],
    ["any rule for the port, where the host's address is not known", named, [rule({ cidrs: ["192.0.2.0/24"] })], []],
  ])("is content with %s", async (_what, target, egress, ingress) => {
    await expect(check(target, egress, ingress)).resolves.toBeUndefined();
  });

  it.each(["localhost", "127.0.0.1", "::1"])("needs no rule for %s, which is the bastion", async (host) => {
    await expect(check({ ...named, host }, [])).resolves.toBeUndefined();
  });

  it("names the egress rule and the settings' entry that are missing", async () => {
    const checking = check(orders, [rule({ fromPort: 443, toPort: 443, cidrs: ["0.0.0.0/0"] })], [fromBastion]);
    const entry = '{"name":"orders","host":"orders.rds.example","port":5432,"security_group_id":"sg-orders"}';
    await expect(checking).rejects.toMatchObject({
      exitCode: 69,
      message: expect.stringContaining('"sg-bastion" has no egress rule for TCP 5432'),
      hint: expect.stringContaining(entry),
    });
  });

  it("gives the entry for an address its own CIDR", async () => {
    const entry = '{"name":"target","host":"10.9.0.7","port":5432,"cidr":"10.9.0.7/32"}';
    await expect(check(address, [rule({ cidrs: ["10.8.0.0/16"] })])).rejects.toMatchObject({
      hint: expect.stringContaining(entry),
    });
  });

  it("names the ingress rule that the database's group lacks, and the command that adds it", async () => {
    await expect(check(orders, [toGroup], [rule({ cidrs: ["10.7.0.0/16"] })])).rejects.toMatchObject({
      exitCode: 69,
      message: expect.stringContaining('"sg-orders" has no ingress rule for TCP 5432 from "sg-bastion"'),
      hint: expect.stringContaining("--group-id sg-orders --protocol tcp --port 5432 --source-group sg-bastion"),
    });
  });

  it("lets everything through where it may not look", async () => {
    const refused = (): Promise<never> => Promise.reject(new TypeError("AccessDenied"));
    const aws = { region: "eu-central-1", findSecurityGroups: refused, subnetCidrs: refused };
    await expect(checkRules(orders, network, { aws, reporter: { debug: () => undefined } })).resolves.toBeUndefined();
  });
});
