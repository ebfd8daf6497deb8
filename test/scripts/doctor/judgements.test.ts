// What doctor makes of facts about this computer, the agent and the network.
import { describe, expect, it } from "@jest/globals";
import type { EndpointFacts, NetworkFacts, RuleFacts } from "../../../scripts/command/network-facts.ts";
import { judgeAgent, judgePermissions } from "../../../scripts/doctor/agent-checks.ts";
import { judgeClock, judgeSshVersion } from "../../../scripts/doctor/computer-checks.ts";
import { type NetworkFindings, judgeNetwork } from "../../../scripts/doctor/judge-network.ts";
import { instanceOf } from "../bastion/instance-of.ts";

const ROLE = "arn:aws:iam::123456789012:role/bastion";
const https = { protocol: "tcp", from: 443, to: 443 };
const rule = (more: Partial<RuleFacts> = {}): RuleFacts => ({
  ...https,
  cidrs: [],
  securityGroupIds: [],
  prefixListIds: [],
  ...more,
});

function endpoint(service: string, more: Partial<EndpointFacts> = {}): EndpointFacts {
  return {
    endpointId: `vpce-${service}`,
    serviceName: `com.amazonaws.eu-west-1.${service}`,
    state: "available",
    hasPrivateDns: true,
    interfaces: [
      { subnetId: "subnet-a", address: "10.0.0.10" },
      { subnetId: "subnet-b", address: "10.0.1.10" },
    ],
    securityGroupIds: ["sg-endpoint"],
    policy: { Statement: [{ Effect: "Allow", Principal: "*", Action: "*", Resource: "*" }] },
    ...more,
  };
}

const open = { protocol: "-1", from: undefined, to: undefined, allows: true, cidr: "0.0.0.0/0" };

function network(more: Partial<NetworkFacts> = {}): NetworkFacts {
  return {
    vpcId: "vpc-1",
    subnetId: "subnet-a",
    privateAddress: "10.0.0.5",
    publicAddress: undefined,
    securityGroupIds: ["sg-bastion"],
    dnsSupport: true,
    dnsHostnames: true,
    defaultRoute: undefined,
    endpoints: [endpoint("ssm"), endpoint("ssmmessages")],
    securityGroups: new Map([
      ["sg-bastion", { ingress: [], egress: [rule({ securityGroupIds: ["sg-endpoint"] })] }],
      ["sg-endpoint", { ingress: [rule({ securityGroupIds: ["sg-bastion"] })], egress: [] }],
    ]),
    networkAcls: new Map(
      ["subnet-a", "subnet-b"].map((subnetId) => [
        subnetId,
        { aclId: `acl-${subnetId}`, entries: [true, false].map((isEgress) => ({ ...open, isEgress })) },
      ]),
    ),
    ...more,
  };
}

const judge = (more: Partial<NetworkFacts> = {}): NetworkFindings =>
  judgeNetwork({ network: network(more), region: "eu-west-1", roleArn: ROLE });
const bastionGroup = (...egress: RuleFacts[]) =>
  new Map([...network().securityGroups, ["sg-bastion", { ingress: [], egress }]]);

describe("judgeNetwork()", () => {
  it("finds nothing in an isolated network with two endpoints", () => {
    expect(Object.values<{ verdict: string }>({ ...judge() }).map(({ verdict }) => verdict)).toEqual([
      "ok",
      "ok",
      "ok",
      "ok",
      "ok",
      "ok",
    ]);
  });

  it.each<[string, Partial<NetworkFacts>, keyof NetworkFindings, string]>([
    ["one endpoint is missing", { endpoints: [endpoint("ssm")] }, "way out", "VPC vpc-1 has no endpoint for it"],
    [
      "one is not there yet",
      { endpoints: [endpoint("ssm"), endpoint("ssmmessages", { state: "pending" })] },
      "way out",
      "endpoint vpce-ssmmessages is pending",
    ],
    [
      "one has no private DNS name",
      { endpoints: [endpoint("ssm", { hasPrivateDns: false }), endpoint("ssmmessages")] },
      "way out",
      "endpoint vpce-ssm has no private DNS name",
    ],
    [
      "one is in no subnet",
      { endpoints: [endpoint("ssm", { interfaces: [] }), endpoint("ssmmessages")] },
      "way out",
      "endpoint vpce-ssm is in no subnet",
    ],
    [
      "the route leads to an internet gateway and there is no public address",
      { endpoints: [], defaultRoute: { target: "igw-1", isActive: true } },
      "way out",
      "no public address for igw-1",
    ],
    [
      "the route leads nowhere",
      { endpoints: [], defaultRoute: { target: "nat-1", isActive: false } },
      "way out",
      "the route to nat-1 leads nowhere",
    ],
    [
      "the route leads to a NAT gateway that failed",
      { endpoints: [], defaultRoute: { target: "nat-1", isActive: true, natGatewayState: "failed" } },
      "way out",
      "NAT gateway nat-1 is failed",
    ],
    ["names are not resolved", { dnsSupport: false }, "dns", "enableDnsSupport is off"],
    ["private names are not", { dnsHostnames: false }, "dns", "enableDnsHostnames is off"],
    [
      "the bastion's group opens another port",
      { securityGroups: bastionGroup(rule({ from: 22, to: 22, cidrs: ["0.0.0.0/0"] })) },
      "instance security groups",
      "sg-bastion of the instance let nothing out to port 443 of vpce-ssm (ssm)",
    ],
    [
      "it opens another network",
      { securityGroups: bastionGroup(rule({ cidrs: ["10.1.0.0/16"] })) },
      "instance security groups",
      "let nothing out",
    ],
    [
      "the endpoint's subnet stops what comes in",
      {
        networkAcls: new Map([
          [
            "subnet-b",
            {
              aclId: "acl-b",
              entries: [
                { ...open, isEgress: false, allows: false },
                { ...open, isEgress: true },
              ],
            },
          ],
        ]),
      },
      "network acls",
      "network ACL acl-b of subnet-b stops port 443",
    ],
    [
      "the instance's subnet stops the answers",
      {
        networkAcls: new Map([
          [
            "subnet-a",
            {
              aclId: "acl-a",
              entries: [
                { ...open, isEgress: true },
                { ...open, ...https, isEgress: false },
              ],
            },
          ],
        ]),
      },
      "network acls",
      "network ACL acl-a of subnet-a stops answers to port 32768",
    ],
  ])("names the link when %s", (_when, facts, link, evidence) => {
    expect(judge(facts)[link]).toMatchObject({ verdict: "broken", evidence: expect.stringContaining(evidence) });
  });

  it.each<[string, Partial<NetworkFacts>]>([
    [
      "a NAT gateway in place of endpoints",
      { endpoints: [], defaultRoute: { target: "nat-1", isActive: true, natGatewayState: "available" } },
    ],
    [
      "a public address",
      { endpoints: [], publicAddress: "3.4.5.6", defaultRoute: { target: "igw-1", isActive: true } },
    ],
  ])("finds nothing where the way out is %s, and the group lets the agent out to everybody", (_what, facts) => {
    const findings = judge({ ...facts, securityGroups: bastionGroup(rule({ cidrs: ["0.0.0.0/0"] })) });
    expect(new Set(Object.values<{ verdict: string }>({ ...findings }).map(({ verdict }) => verdict))).toEqual(
      new Set(["ok"]),
    );
  });

  it("says whom the group must let the agent out to, where no endpoint stands in between", () => {
    const facts = { endpoints: [], defaultRoute: { target: "nat-1", isActive: true } };
    expect(judge(facts)["instance security groups"]).toMatchObject({
      verdict: "broken",
      cure: "allow TCP 443 out to 0.0.0.0/0",
    });
  });

  it("finds nothing in a network of others, whose endpoints ask for the account and the subnets' addresses", () => {
    const Condition = { StringEquals: { "aws:PrincipalAccount": "123456789012" } };
    const policy = { Statement: [{ Effect: "Allow", Principal: "*", Action: "*", Resource: "*", Condition }] };
    const findings = judge({
      endpoints: [endpoint("ssm", { policy }), endpoint("ssmmessages", { policy })],
      securityGroups: new Map([
        ...network().securityGroups,
        ["sg-endpoint", { ingress: [rule({ cidrs: ["10.0.0.0/24"] })], egress: [] }],
      ]),
    });
    expect(new Set(Object.values<{ verdict: string }>({ ...findings }).map(({ verdict }) => verdict))).toEqual(
      new Set(["ok"]),
    );
  });

  it.each<[string, Partial<RuleFacts>]>([
    ["a range of addresses", { cidrs: ["10.0.0.0/16"] }],
    ["all protocols and addresses", { protocol: "-1", from: undefined, to: undefined, cidrs: ["0.0.0.0/0"] }],
  ])("takes an egress rule for %s", (_what, more) => {
    expect(judge({ securityGroups: bastionGroup(rule(more)) })["instance security groups"].verdict).toBe("ok");
  });

  it("does not believe a prefix list to be closed", () => {
    const facts = { securityGroups: bastionGroup(rule({ prefixListIds: ["pl-1"] })) };
    expect(judge(facts)["instance security groups"].verdict).toBe("unsure");
  });
});

describe("judgeAgent()", () => {
  const node = { pingStatus: "Online", agentVersion: "3.3.987.0", lastPingMs: 0 };

  it("is content with a connected one", () => {
    expect(judgeAgent(instanceOf(), node, true).verdict).toBe("ok");
  });

  it("doubts an old one", () => {
    expect(judgeAgent(instanceOf(), { ...node, agentVersion: "3.1.1511.0" }, true).verdict).toBe("unsure");
  });

  it("says when one that was lost was heard of last", () => {
    const lost = judgeAgent(instanceOf(), { ...node, pingStatus: "ConnectionLost" }, false);
    expect(lost).toMatchObject({ verdict: "broken", evidence: expect.stringContaining("1970-01-01T00:00:00.000Z") });
  });

  it("predicts when one that never registered tries again", () => {
    const silent = judgeAgent(instanceOf({ ageMs: 10 * 60_000 }), undefined, false);
    expect(silent).toMatchObject({ verdict: "broken", evidence: expect.stringContaining("in 5 to 7 min") });
  });
});

describe("judgePermissions()", () => {
  it("does not take what it may not ask for broken", () => {
    expect(judgePermissions({ profileArn: "p", roleArn: ROLE, refusedActions: undefined }).verdict).toBe("unsure");
  });
});

describe("judgeSshVersion()", () => {
  it.each([
    ["OpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL 3.0.19 27 Jan 2026", "ok"],
    ["OpenSSH_10.0p2, LibreSSL 3.3.6", "ok"],
    ["OpenSSH_for_Windows_8.1p1, LibreSSL 3.0.2", "ok"],
    ["OpenSSH_7.4p1, OpenSSL 1.0.2k-fips  26 Jan 2017", "broken"],
    ["Dropbear v2022.83", "unsure"],
  ])("judges %j %s", (said, verdict) => {
    expect(judgeSshVersion(said).verdict).toBe(verdict);
  });
});

describe("judgeClock()", () => {
  it.each([
    [0, "ok"],
    [-299_000, "ok"],
    [301_000, "unsure"],
    [-3_600_000, "unsure"],
  ])("judges %i ms %s", (offsetMs, verdict) => {
    expect(judgeClock(offsetMs).verdict).toBe(verdict);
  });
});
