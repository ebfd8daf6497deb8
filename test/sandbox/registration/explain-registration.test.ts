import { describe, expect, it } from "@jest/globals";
import { judgeRegistration, type Link } from "../../../sandbox/registration/explain-registration.ts";
import {
  endpointPolicy,
  healthyFacts,
  https,
  openSubnet,
  ROLE_ARN,
  rolePolicies,
  type Facts,
} from "./healthy-facts.ts";

type Change = (parts: Parts) => void;

interface Parts {
  readonly facts: Facts;
  readonly instance: NonNullable<Facts["instance"]>;
  readonly role: NonNullable<Facts["role"]>;
  readonly network: NonNullable<Facts["network"]>;
  readonly subnet: NonNullable<ReturnType<NonNullable<Facts["network"]>["subnets"]["get"]>>;
  readonly bastionGroup: NonNullable<ReturnType<NonNullable<Facts["network"]>["securityGroups"]["get"]>>;
  readonly endpointGroup: NonNullable<ReturnType<NonNullable<Facts["network"]>["securityGroups"]["get"]>>;
  /** The endpoint of ssmmessages. */
  readonly endpoint: NonNullable<Facts["network"]>["endpoints"][number];
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError("the healthy facts lack a part");
  return value;
}

function factsWith(...changes: readonly Change[]): Facts {
  const facts = healthyFacts();
  const network = present(facts.network);
  const parts: Parts = {
    facts,
    instance: present(facts.instance),
    role: present(facts.role),
    network,
    subnet: present(network.subnets.get("subnet-private")),
    bastionGroup: present(network.securityGroups.get("sg-bastion")),
    endpointGroup: present(network.securityGroups.get("sg-endpoints")),
    endpoint: present(network.endpoints[1]),
  };
  for (const change of changes) change(parts);
  return facts;
}

const ALL = { cidrs: ["0.0.0.0/0"] };
const DENY = { protocol: "6", from: undefined, to: undefined, allows: false, cidr: "10.0.0.0/8" };

const withoutEndpoints: Change = ({ network }) => {
  network.endpoints = [];
};

const routeTo =
  (target: string, state = "active"): Change =>
  ({ subnet }) => {
    subnet.defaultRoute = { target, state };
  };

const openToTheInternet: Change = ({ bastionGroup }) => {
  bastionGroup.egress = [https(ALL)];
};

const behindNat: Change = ({ network, subnet }) => {
  subnet.defaultRoute = { target: "nat-1", state: "active" };
  network.natGateways.set("nat-1", { state: "available", subnetId: "subnet-public", isPublic: true });
  network.subnets.set("subnet-public", {
    ...openSubnet("acl-public"),
    defaultRoute: { target: "igw-1", state: "active" },
  });
};

const endpointsInAnotherSubnet: Change = ({ network }) => {
  network.subnets.set("subnet-endpoints", openSubnet("acl-endpoints"));
  for (const endpoint of network.endpoints)
    endpoint.interfaces = endpoint.interfaces.map((each) => ({ ...each, subnetId: "subnet-endpoints" }));
};

describe("judgeRegistration(), for a network that lets an agent register", () => {
  const cases: readonly (readonly [string, ...Change[]])[] = [
    ["an isolated one"],
    [
      "CIDRs in place of groups, in both directions",
      ({ bastionGroup, endpointGroup }) => {
        bastionGroup.egress = [https({ cidrs: ["10.10.0.240/28"] })];
        endpointGroup.ingress = [https({ cidrs: ["10.10.0.244/32"] })];
      },
    ],
    [
      "prefix lists in place of groups, in both directions",
      ({ bastionGroup, endpointGroup }) => {
        bastionGroup.egress = [https({ prefixListIds: ["pl-vpc"] })];
        endpointGroup.ingress = [https({ prefixListIds: ["pl-vpc"] })];
      },
    ],
    [
      "rules for all protocols",
      ({ bastionGroup, endpointGroup }) => {
        bastionGroup.egress = [https({ protocol: "-1", from: undefined, to: undefined, ...ALL })];
        endpointGroup.ingress = [https({ protocol: "-1", from: undefined, to: undefined, ...ALL })];
      },
    ],
    [
      "one of two groups with the rule",
      ({ instance, network }) => {
        instance.securityGroupIds = ["sg-other", "sg-bastion"];
        network.securityGroups.set("sg-other", { ingress: [], egress: [] });
      },
    ],
    ["endpoints in another subnet, with open ACLs", endpointsInAnotherSubnet],
    [
      "an ACL that closes the subnet which the endpoints share with the instance",
      ({ subnet }) => {
        subnet.aclEntries = [];
      },
    ],
    [
      "an endpoint policy that allows everything",
      ({ endpoint }) => {
        const statement = { Effect: "Allow", Principal: "*", Action: "*", Resource: "*" };
        endpoint.policyDocument = { Version: "2008-10-17", Statement: [statement] };
      },
    ],
    [
      "an endpoint policy that names the role as its principal",
      ({ endpoint }) => {
        endpoint.policyDocument = endpointPolicy(ROLE_ARN, "ssmmessages:*", { AWS: [ROLE_ARN] });
      },
    ],
    [
      "an endpoint policy that asks for the account alone",
      ({ endpoint }) => {
        const Condition = { StringEquals: { "aws:PrincipalAccount": "123456789012" } };
        const statement = { Effect: "Allow", Principal: { AWS: "*" }, Action: "*", Resource: "*", Condition };
        endpoint.policyDocument = { Version: "2012-10-17", Statement: [statement] };
      },
    ],
    [
      "role policies that ask for the VPC and the instance",
      ({ role }) => {
        const Condition = {
          StringEquals: { "aws:SourceVpc": "vpc-isolated" },
          ArnLike: { "ec2:SourceInstanceARN": "arn:aws:ec2:*:*:instance/i-0aaaaaaaaaaaaaaaa" },
        };
        const statement = { Effect: "Allow", Action: ["ssm:*", "ssmmessages:*"], Resource: "*", Condition };
        role.policies = [{ name: "conditional", document: { Version: "2012-10-17", Statement: [statement] } }];
      },
    ],
    ["a NAT gateway", withoutEndpoints, behindNat, openToTheInternet],
    [
      "a public address",
      withoutEndpoints,
      routeTo("igw-1"),
      openToTheInternet,
      ({ instance }) => {
        instance.publicIpAddress = "203.0.113.10";
      },
    ],
    [
      "a NAT gateway for one service and an endpoint for the other",
      behindNat,
      openToTheInternet,
      ({ network }) => {
        network.endpoints.splice(0, 1);
      },
    ],
    [
      "a NAT gateway, where the endpoints' names are not resolved in the VPC",
      behindNat,
      openToTheInternet,
      ({ network }) => {
        network.dnsHostnames = false;
      },
    ],
  ];

  it.each(cases)("finds no broken link: %s", async (_name, ...changes) => {
    expect(await judgeRegistration(factsWith(...changes))).toEqual({ canRegister: true });
  });
});

describe("judgeRegistration(), for a network that does not", () => {
  const cases: readonly (readonly [Link, string, ...Change[]])[] = [
    [
      "instance",
      'there is no instance "i-0aaaaaaaaaaaaaaaa"',
      ({ facts }) => {
        facts.instance = undefined;
      },
    ],
    [
      "instance",
      'instance "i-0aaaaaaaaaaaaaaaa" is stopped',
      ({ instance }) => {
        instance.state = "stopped";
      },
    ],
    [
      "instance-role",
      'instance "i-0aaaaaaaaaaaaaaaa" has no instance profile',
      ({ facts, instance }) => {
        instance.instanceProfileArn = undefined;
        facts.role = undefined;
      },
    ],
    [
      "instance-role",
      'instance profile "arn:aws:iam::123456789012:instance-profile/bastion" is gone or has no role',
      ({ facts }) => {
        facts.role = undefined;
      },
    ],
    [
      "role-permissions",
      `no policy of role "${ROLE_ARN}" allows ssm:UpdateInstanceInformation`,
      ({ role }) => {
        role.policies = [];
      },
    ],
    ...["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"].map(
      (name): [Link, string, Change] => [
        "role-permissions",
        `a policy of role "${ROLE_ARN}" denies ssmmessages:${name}`,
        ({ role }) => {
          const statement = { Effect: "Deny", Action: `ssmmessages:${name}`, Resource: "*" };
          role.policies = [
            ...rolePolicies,
            { name: "deny", document: { Version: "2012-10-17", Statement: [statement] } },
          ];
        },
      ],
    ),
    [
      "role-permissions",
      `the permissions boundary of role "${ROLE_ARN}" does not allow ssmmessages:CreateControlChannel`,
      ({ role }) => {
        const statement = { Effect: "Allow", Action: "ssm:*", Resource: "*" };
        role.boundary = { name: "boundary", document: { Version: "2012-10-17", Statement: [statement] } };
      },
    ],
    [
      "subnet",
      'instance "i-0aaaaaaaaaaaaaaaa" is in no subnet',
      ({ facts }) => {
        facts.network = undefined;
      },
    ],
    [
      "way-out",
      'no way to ssm.eu-central-1.amazonaws.com: VPC "vpc-isolated" has no interface endpoint for it, and subnet "subnet-private" has no route to the internet',
      withoutEndpoints,
    ],
    [
      "way-out",
      'no way to ssmmessages.eu-central-1.amazonaws.com: its endpoint "vpce-ssmmessages" is pending, and subnet "subnet-private" has no route to the internet',
      ({ endpoint }) => {
        endpoint.state = "pending";
      },
    ],
    [
      "way-out",
      'no way to ssmmessages.eu-central-1.amazonaws.com: its endpoint "vpce-ssmmessages" is in no subnet, and subnet "subnet-private" has no route to the internet',
      ({ endpoint }) => {
        endpoint.interfaces = [];
      },
    ],
    [
      "way-out",
      'no way to ssmmessages.eu-central-1.amazonaws.com: its endpoint "vpce-ssmmessages" has no private DNS name, and subnet "subnet-private" has no route to the internet',
      ({ endpoint }) => {
        endpoint.privateDnsEnabled = false;
      },
    ],
    [
      "way-out",
      'no way to ssm.eu-central-1.amazonaws.com: VPC "vpc-isolated" has no interface endpoint for it, and instance "i-0aaaaaaaaaaaaaaaa" has no public address',
      withoutEndpoints,
      routeTo("igw-1"),
    ],
    [
      "way-out",
      'no way to ssm.eu-central-1.amazonaws.com: VPC "vpc-isolated" has no interface endpoint for it, and the route to "igw-1" is a blackhole',
      withoutEndpoints,
      routeTo("igw-1", "blackhole"),
    ],
    [
      "way-out",
      'no way to ssm.eu-central-1.amazonaws.com: VPC "vpc-isolated" has no interface endpoint for it, and where the route to "tgw-1" ends is not modelled',
      withoutEndpoints,
      routeTo("tgw-1"),
    ],
    [
      "way-out",
      'no way to ssm.eu-central-1.amazonaws.com: VPC "vpc-isolated" has no interface endpoint for it, and NAT gateway "nat-1" is gone',
      withoutEndpoints,
      routeTo("nat-1"),
    ],
    [
      "way-out",
      'no way to ssm.eu-central-1.amazonaws.com: VPC "vpc-isolated" has no interface endpoint for it, and NAT gateway "nat-1" has itself no route to the internet',
      withoutEndpoints,
      behindNat,
      ({ network }) => {
        network.subnets.set("subnet-public", openSubnet("acl-public"));
      },
    ],
    [
      "dns",
      'VPC "vpc-isolated" resolves no names: enableDnsSupport is off',
      ({ network }) => {
        network.dnsSupport = false;
      },
    ],
    [
      "dns",
      'VPC "vpc-isolated" does not resolve the private DNS name of "vpce-ssm": enableDnsHostnames is off',
      ({ network }) => {
        network.dnsHostnames = false;
      },
    ],
    ...[
      https({ securityGroupIds: ["sg-bastion"] }),
      https({ securityGroupIds: ["sg-endpoints"], from: 80, to: 442 }),
      https({ securityGroupIds: ["sg-endpoints"], protocol: "udp" }),
      https({ cidrs: ["10.10.0.0/25"] }),
      https({ prefixListIds: ["pl-unknown"] }),
    ].map((rule): [Link, string, Change] => [
      "instance-security-groups",
      'the security groups "sg-bastion" of "i-0aaaaaaaaaaaaaaaa" let nothing out to port 443 of "vpce-ssm" (10.10.0.245)',
      ({ bastionGroup }) => {
        bastionGroup.egress = [rule];
      },
    ]),
    [
      "instance-security-groups",
      'the security groups "sg-bastion" of "i-0aaaaaaaaaaaaaaaa" let nothing out to port 443 of "vpce-ssmmessages" (10.10.0.246)',
      ({ bastionGroup }) => {
        bastionGroup.egress = [https({ cidrs: ["10.10.0.245/32"] })];
      },
    ],
    [
      "instance-security-groups",
      'the security groups "sg-bastion" of "i-0aaaaaaaaaaaaaaaa" let nothing out to port 443 of 0.0.0.0/0',
      withoutEndpoints,
      behindNat,
    ],
    ...[
      https({ securityGroupIds: ["sg-endpoints"] }),
      https({ securityGroupIds: ["sg-bastion"], from: 444, to: 445 }),
      https({ cidrs: ["10.10.0.245/32"] }),
    ].map((rule): [Link, string, Change] => [
      "endpoint-security-groups",
      'the security groups "sg-endpoints" of "vpce-ssm" let nothing in to port 443 from "i-0aaaaaaaaaaaaaaaa" (10.10.0.244)',
      ({ endpointGroup }) => {
        endpointGroup.ingress = [rule];
      },
    ]),
    ...[
      endpointPolicy("arn:aws:iam::123456789012:role/other", "ssmmessages:*"),
      endpointPolicy(ROLE_ARN, "ssmmessages:Open*"),
      endpointPolicy(ROLE_ARN, "ssmmessages:*", { AWS: "arn:aws:iam::123456789012:role/other" }),
    ].map((policyDocument): [Link, string, Change] => [
      "endpoint-policy",
      `the policy of "vpce-ssmmessages" does not let ssmmessages:CreateControlChannel of role "${ROLE_ARN}" through`,
      ({ endpoint }) => {
        endpoint.policyDocument = policyDocument;
      },
    ]),
    [
      "network-acl",
      'network ACL "acl-private" does not let port 443 out to 10.10.0.245',
      endpointsInAnotherSubnet,
      ({ subnet }) => {
        subnet.aclEntries = [{ ...DENY, isEgress: true }, ...subnet.aclEntries];
      },
    ],
    [
      "network-acl",
      'network ACL "acl-private" does not let port 32768 to 60999 in from 10.10.0.245',
      endpointsInAnotherSubnet,
      ({ subnet }) => {
        subnet.aclEntries = [{ ...DENY, isEgress: false, from: 1024, to: 40_000 }, ...subnet.aclEntries];
      },
    ],
    [
      "network-acl",
      'network ACL "acl-endpoints" does not let port 443 in from 10.10.0.244',
      endpointsInAnotherSubnet,
      ({ network }) => {
        network.subnets.set("subnet-endpoints", { ...openSubnet("acl-endpoints"), aclEntries: [] });
      },
    ],
    [
      "network-acl",
      'network ACL "acl-private" does not let port 443 out to 0.0.0.0/0',
      withoutEndpoints,
      behindNat,
      openToTheInternet,
      ({ subnet }) => {
        subnet.aclEntries = [];
      },
    ],
  ];

  it.each(cases)("names %s: %s", async (brokenLink, explanation, ...changes) => {
    expect(await judgeRegistration(factsWith(...changes))).toEqual({ canRegister: false, brokenLink, explanation });
  });

  it("names the first of several", async () => {
    const facts = factsWith(({ network, bastionGroup, endpointGroup, endpoint }) => {
      network.dnsHostnames = false;
      bastionGroup.egress = [];
      endpointGroup.ingress = [];
      endpoint.policyDocument = { Version: "2012-10-17", Statement: [] };
    });
    expect(await judgeRegistration(facts)).toMatchObject({ brokenLink: "dns" });
  });
});
