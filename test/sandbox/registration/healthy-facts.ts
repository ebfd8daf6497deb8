// The facts of an isolated bastion whose SSM Agent registers; each test breaks one of them.
import type {
  EndpointFacts,
  RegistrationFacts,
  SecurityGroupRule,
  SubnetFacts,
} from "../../../sandbox/registration/facts.ts";

export const ROLE_ARN = "arn:aws:iam::123456789012:role/bastion";
const CHANNELS = ["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"];

/** Changes a copy of the healthy facts. */
export type Facts = Writable<RegistrationFacts>;

type Writable<T> =
  T extends ReadonlyMap<infer Key, infer Value>
    ? Map<Key, Writable<Value>>
    : T extends object
      ? { -readonly [Name in keyof T]: Writable<T[Name]> }
      : T;

export const rolePolicies = [
  {
    name: "sessions",
    document: {
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Action: "ssm:UpdateInstanceInformation",
          Resource: "arn:aws:ec2:eu-central-1:123456789012:instance/*",
        },
        { Effect: "Allow", Action: CHANNELS.map((name) => `ssmmessages:${name}`), Resource: "*" },
      ],
    },
  },
];

export function endpointPolicy(roleArn: string, action: string, principal: unknown = "*"): unknown {
  const Condition = {
    StringEquals: { "aws:PrincipalAccount": "123456789012" },
    ArnEquals: { "aws:PrincipalArn": roleArn },
  };
  const statement = { Effect: "Allow", Principal: principal, Action: action, Resource: "*", Condition };
  return { Version: "2012-10-17", Statement: [statement] };
}

export function https(peer: Partial<Writable<SecurityGroupRule>>): Writable<SecurityGroupRule> {
  return { protocol: "tcp", from: 443, to: 443, cidrs: [], securityGroupIds: [], prefixListIds: [], ...peer };
}

/** An ACL as a VPC's default one is: everything allowed, then everything denied. */
export function openSubnet(aclId: string): Writable<SubnetFacts> {
  const all = { protocol: "-1", from: undefined, to: undefined, cidr: "0.0.0.0/0" };
  const aclEntries = [true, false].flatMap((isEgress) => [
    { ...all, isEgress, allows: true },
    { ...all, isEgress, allows: false },
  ]);
  return { defaultRoute: undefined, aclId, aclEntries };
}

function endpoint(service: string, address: string): EndpointFacts {
  return {
    endpointId: `vpce-${service}`,
    serviceName: `com.amazonaws.eu-central-1.${service}`,
    state: "available",
    privateDnsEnabled: true,
    interfaces: [{ subnetId: "subnet-private", privateIpAddress: address }],
    securityGroupIds: ["sg-endpoints"],
    policyDocument: endpointPolicy(ROLE_ARN, `${service}:*`),
  };
}

export function healthyFacts(): Facts {
  const facts: RegistrationFacts = {
    instanceId: "i-0aaaaaaaaaaaaaaaa",
    region: "eu-central-1",
    account: "123456789012",
    instance: {
      state: "running",
      instanceProfileArn: "arn:aws:iam::123456789012:instance-profile/bastion",
      subnetId: "subnet-private",
      privateIpAddress: "10.10.0.244",
      publicIpAddress: undefined,
      securityGroupIds: ["sg-bastion"],
    },
    role: { arn: ROLE_ARN, uniqueId: "AROABASTION", policies: rolePolicies, boundary: undefined, tags: {} },
    network: {
      vpcId: "vpc-isolated",
      dnsSupport: true,
      dnsHostnames: true,
      subnets: new Map([["subnet-private", openSubnet("acl-private")]]),
      endpoints: [endpoint("ssm", "10.10.0.245"), endpoint("ssmmessages", "10.10.0.246")],
      gatewayEndpoints: [],
      natGateways: new Map(),
      securityGroups: new Map([
        ["sg-bastion", { ingress: [], egress: [https({ securityGroupIds: ["sg-endpoints"] })] }],
        ["sg-endpoints", { ingress: [https({ securityGroupIds: ["sg-bastion"] })], egress: [] }],
      ]),
      prefixLists: new Map([["pl-vpc", ["10.10.0.240/28"]]]),
    },
  };
  return facts as Facts;
}
