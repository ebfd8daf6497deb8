// Each link between a person and a bastion, broken in turn: doctor.ts names it, and nothing on a healthy one.
import {
  CreateNatGatewayCommand,
  CreateRouteCommand,
  DeleteNatGatewayCommand,
  DeleteVpcEndpointsCommand,
  DescribeRouteTablesCommand,
  ModifyVpcAttributeCommand,
  ModifyVpcEndpointCommand,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import {
  DeleteRolePolicyCommand,
  PutRolePolicyCommand,
  RemoveRoleFromInstanceProfileCommand,
} from "@aws-sdk/client-iam";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { LINKS, type Link } from "../../stacks/registration/finding.ts";
import { systemClock } from "../../session-manager/clock.ts";
import {
  AGENT_STATEMENTS,
  createIsolatedNetwork,
  endpointPolicy,
  https,
  policy,
  stopAtNetworkAcl,
  type IsolatedNetwork,
} from "../contracts/isolated-network.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { JOURNEY_LIMIT_MS, Journey, connectPolicyWithout, type ConnectOptions } from "./connect-journey.ts";

const scriptOf = (name: string): string => join(import.meta.dirname, "..", "..", "scripts", `${name}.ts`);
const doctorScript = scriptOf("doctor");
/** What doctor calls the links of the proof that stacks are held to. */
const CHECKS: Readonly<Record<Link, string>> = {
  "instance-role": "role",
  "role-permissions": "role permissions",
  subnet: "way out",
  "way-out": "way out",
  dns: "dns",
  "instance-security-groups": "instance security groups",
  "endpoint-security-groups": "endpoint security groups",
  "endpoint-policy": "endpoint policies",
  "network-acl": "network acls",
  // What was made too late is there by the time that somebody asks; the agent sleeps since its first call.
  "order-of-creation": "agent",
};

const DEPLOYED = "sandbox-dev-bastion-host";

interface Diagnosis {
  readonly firstBroken: string | null;
  readonly checks: readonly { readonly name: string; readonly verdict: string; readonly evidence?: string }[];
}

describe("doctor.ts", () => {
  let sandbox: TestSandbox;
  let journey: Journey;
  let count = 0;
  const launched: string[] = [];
  /** Added to the sandbox's time, in ms. */
  let shiftMs = 0;
  beforeAll(async () => {
    sandbox = await openTestSandbox({ clock: { ...systemClock, now: () => systemClock.now() + shiftMs } });
  }, OPEN_LIMIT_MS);
  afterAll(async () => {
    await sandbox.ec2.send(new TerminateInstancesCommand({ InstanceIds: launched }));
    await sandbox.close();
  }, OPEN_LIMIT_MS);
  beforeEach(() => {
    shiftMs = 0;
    journey = new Journey(sandbox);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    try {
      await journey.expectNothingLeft();
    } finally {
      journey.leave();
    }
  });

  async function isolatedNetwork(from: TestSandbox = sandbox, endpoints?: "apart"): Promise<IsolatedNetwork> {
    count += 1;
    const network = await createIsolatedNetwork(from, `doctor-${String(count)}-${String(process.pid)}`, endpoints);
    launched.push(network.instanceId);
    return network;
  }

  function run(words: readonly string[], options: ConnectOptions = {}) {
    const environment = { ...journey.environment(options.credentials), ...options.environment };
    return journey.person.run(doctorScript, words, { ...options, environment });
  }

  /** Exit status and JSON. */
  async function diagnose(bastion: string, options: ConnectOptions = {}): Promise<Diagnosis & { status?: number }> {
    const { status, stdout, stderr } = await run([bastion, "--json"], options);
    if (stdout === "") throw new Error(`doctor.ts has no answer: ${stderr}`);
    return { ...(JSON.parse(stdout) as Diagnosis), ...(status === undefined ? {} : { status }) };
  }

  const verdictsOf = ({ checks }: Diagnosis) => [...new Set(checks.map(({ verdict }) => verdict))];
  const evidenceOf = (name: string, { checks }: Diagnosis) => checks.find((check) => check.name === name)?.evidence;

  it(
    "finds nothing on the deployed stack, and prints a line for each link",
    async () => {
      const { status, stdout, stderr } = await run([DEPLOYED]);
      expect([status, stderr]).toEqual([0, ""]);
      const lines = stdout.trimEnd().split("\n");
      expect(lines.at(-1)).toBe("nothing is broken");
      expect(lines.slice(0, -1).every((line) => line.startsWith("ok      "))).toBe(true);
      expect(lines).toHaveLength(18);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "names the agent and nothing else when it hangs: each link of the deployed stack is looked at, and none doubted",
    async () => {
      const id = await sandbox.cloneBastion("journey-doctor");
      sandbox.endpoint.nodes.offlineUntilReboot.add(id);
      const diagnosis = await diagnose("journey-doctor");
      expect(diagnosis).toMatchObject({ firstBroken: "agent", status: 69 });
      expect(verdictsOf(diagnosis)).toEqual(["ok", "broken", "not checked"]);
      expect(evidenceOf("way out", diagnosis)).toMatch(/^by vpce-\w+, vpce-\w+$/);
    },
    JOURNEY_LIMIT_MS,
  );

  type Break = (network: IsolatedNetwork) => Promise<unknown>;
  const breaks: readonly (readonly [string, string, Break])[] = [
    [
      "instance",
      "it is stopped",
      ({ instanceId }) => sandbox.ec2.send(new StopInstancesCommand({ InstanceIds: [instanceId] })),
    ],
    [
      "role",
      "the profile has lost it",
      ({ name }) =>
        sandbox.iam.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName: name, RoleName: name })),
    ],
    [
      "role permissions",
      "the role has no policy",
      ({ name }) => sandbox.iam.send(new DeleteRolePolicyCommand({ RoleName: name, PolicyName: name })),
    ],
    [
      "role permissions",
      "its policy lacks the channels",
      ({ name }) => {
        const PolicyDocument = policy(AGENT_STATEMENTS.slice(0, 1));
        return sandbox.iam.send(new PutRolePolicyCommand({ RoleName: name, PolicyName: name, PolicyDocument }));
      },
    ],
    [
      "way out",
      "the endpoints are gone",
      ({ endpoints }) => sandbox.ec2.send(new DeleteVpcEndpointsCommand({ VpcEndpointIds: Object.values(endpoints) })),
    ],
    [
      "way out",
      "an endpoint has no private name",
      ({ endpoints }) =>
        sandbox.ec2.send(new ModifyVpcEndpointCommand({ VpcEndpointId: endpoints.ssm, PrivateDnsEnabled: false })),
    ],
    [
      "dns",
      "enableDnsSupport is off",
      ({ vpcId: VpcId }) =>
        sandbox.ec2.send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsSupport: { Value: false } })),
    ],
    [
      "dns",
      "enableDnsHostnames is off",
      ({ vpcId: VpcId }) =>
        sandbox.ec2.send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: false } })),
    ],
    [
      "instance security groups",
      "nothing goes out",
      ({ bastionGroupId: GroupId, endpointGroupId }) =>
        sandbox.ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId, IpPermissions: https(endpointGroupId) })),
    ],
    [
      "endpoint security groups",
      "nothing comes in",
      ({ endpointGroupId: GroupId, bastionGroupId }) =>
        sandbox.ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions: https(bastionGroupId) })),
    ],
    [
      "endpoint policies",
      "one names another role",
      ({ endpoints }) => {
        const PolicyDocument = endpointPolicy("other", "ssmmessages:*");
        return sandbox.ec2.send(new ModifyVpcEndpointCommand({ VpcEndpointId: endpoints.ssmmessages, PolicyDocument }));
      },
    ],
  ];

  it.each(breaks)(
    "names %s, and looks at nothing behind it, when %s",
    async (link, _how, breakLink) => {
      const network = await isolatedNetwork();
      await breakLink(network);
      const diagnosis = await diagnose(network.instanceId);
      expect(diagnosis).toMatchObject({ firstBroken: link, status: 69 });
      const index = diagnosis.checks.findIndex(({ name }) => name === link);
      expect(diagnosis.checks.slice(0, index).map(({ verdict }) => verdict)).toEqual(
        diagnosis.checks.slice(0, index).map(() => "ok"),
      );
      expect(diagnosis.checks.slice(index + 1).every(({ verdict }) => verdict === "not checked")).toBe(true);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "names network acls when one stops calls to endpoints in another subnet",
    async () => {
      const network = await isolatedNetwork(sandbox, "apart");
      await stopAtNetworkAcl(sandbox, network);
      await expect(diagnose(network.instanceId)).resolves.toMatchObject({ firstBroken: "network acls", status: 69 });
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "names the NAT gateway that is no more, when the way out led over it",
    async () => {
      const { instanceId, endpoints, subnetId: SubnetId, vpcId } = await isolatedNetwork();
      const { ec2 } = sandbox;
      await ec2.send(new DeleteVpcEndpointsCommand({ VpcEndpointIds: Object.values(endpoints) }));
      const Filters = [{ Name: "vpc-id", Values: [vpcId] }];
      const { RouteTables: [table] = [] } = await ec2.send(new DescribeRouteTablesCommand({ Filters }));
      const gateway = { SubnetId, ConnectivityType: "private" } as const;
      const { NatGateway } = await ec2.send(new CreateNatGatewayCommand(gateway));
      const NatGatewayId = NatGateway?.NatGatewayId;
      const route = { RouteTableId: table?.RouteTableId, DestinationCidrBlock: "0.0.0.0/0", NatGatewayId };
      await ec2.send(new CreateRouteCommand(route));
      expect((await diagnose(instanceId)).firstBroken).not.toBe("way out");
      await ec2.send(new DeleteNatGatewayCommand({ NatGatewayId }));
      const diagnosis = await diagnose(instanceId);
      expect(diagnosis.firstBroken).toBe("way out");
      expect(evidenceOf("way out", diagnosis)).toMatch(/, and NAT gateway nat-[0-9a-f]+ is (deleted|gone)$/);
    },
    JOURNEY_LIMIT_MS,
  );

  it("breaks what stands for each link that the proof of a stack breaks", () => {
    const broken = new Set(["network acls", "agent", ...breaks.map(([link]) => link)]);
    expect(LINKS.filter((link) => !broken.has(CHECKS[link]))).toEqual([]);
  });

  it(
    "names agent, and when it tries again, when it has slept since its first call failed",
    async () => {
      const slow = await openTestSandbox({ bootMs: 4_000 });
      try {
        const network = await isolatedNetwork(slow);
        const { name } = network;
        await slow.iam.send(new DeleteRolePolicyCommand({ RoleName: name, PolicyName: name }));
        await wait(4_500);
        await slow.endpoint.nodes.connection(network.instanceId);
        const PolicyDocument = policy(AGENT_STATEMENTS);
        await slow.iam.send(new PutRolePolicyCommand({ RoleName: name, PolicyName: name, PolicyDocument }));
        const diagnosis = await diagnose(network.instanceId, { environment: { AWS_ENDPOINT_URL: slow.endpoint.url } });
        expect(diagnosis.firstBroken).toBe("agent");
        expect(evidenceOf("agent", diagnosis)).toMatch(/has never registered, .* it tries again in \d+ to \d+ min/);
      } finally {
        await slow.close();
      }
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "names credentials when they are none",
    async () => {
      const diagnosis = await diagnose(DEPLOYED, { environment: { AWS_SECRET_ACCESS_KEY: "wrong" } });
      expect(diagnosis).toMatchObject({ firstBroken: "credentials", status: 69 });
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "names ssh where there is none",
    async () => {
      const bin = join(journey.person.home, "bin");
      mkdirSync(bin);
      symlinkSync(process.execPath, join(bin, "node"));
      for (const program of ["sh", "env", "dirname", "readlink"]) {
        const path = spawnSync("/bin/sh", ["-c", `command -v ${program}`], { encoding: "utf8" }).stdout.trim();
        symlinkSync(path, join(bin, program));
      }
      await expect(diagnose(DEPLOYED, { environment: { PATH: bin } })).resolves.toMatchObject({ firstBroken: "ssh" });
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "is what the errors of all commands name last",
    async () => {
      const credentials = await sandbox.createUser("doctor-pointed-to", connectPolicyWithout("ssm:StartSession"));
      const environment = journey.environment(credentials);
      const commands: readonly (readonly [string, ...string[]])[] = [
        ["connect", DEPLOYED, "--", "true"],
        ["shell", DEPLOYED, "--", "true"],
        ["sftp", DEPLOYED],
        ["copy", `${DEPLOYED}:/etc/hosts`, "."],
        ["proxy", DEPLOYED],
        ["tunnel", "--to", "localhost:22", "--local-port", "0"],
        ["tunnel", "--to", "localhost:22", "--local-port", "0", "--via", "port"],
      ];
      const outcomes = await Promise.all(
        commands.map(([name, ...words]) => journey.person.run(scriptOf(name), words, { environment })),
      );
      for (const { status, stderr } of outcomes) {
        expect(status).toBe(77);
        const [last] = stderr.trimEnd().split("\n").slice(-1);
        expect(last).toMatch(
          /^[a-z]+: hint: which link to it is broken: .\/scripts\/doctor.ts sandbox-dev-bastion-host$/,
        );
      }
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "names instance when there is none of that name, with the nearest one",
    async () => {
      const diagnosis = await diagnose("sandbox-dev-bastion-hots");
      expect(diagnosis.firstBroken).toBe("instance");
      expect(JSON.stringify(diagnosis)).toContain(`did you mean \\"${DEPLOYED}\\"?`);
    },
    JOURNEY_LIMIT_MS,
  );

  it.each([
    ["sshd", "ssm:StartSession"],
    ["sshd", "ssmmessages:OpenDataChannel"],
    ["key", "ec2-instance-connect:SendSSHPublicKey"],
  ])(
    "names %s without the permission %s, and the action",
    async (link, action) => {
      const statements = connectPolicyWithout(action) as { Action: string[] }[];
      statements[0]?.Action.push("ssm:DescribeInstanceInformation");
      const credentials = await sandbox.createUser(`doctor-without-${action.replace(":", "-")}`, statements);
      const diagnosis = await diagnose(DEPLOYED, { credentials });
      expect(diagnosis).toMatchObject({ firstBroken: link, status: 69 });
      expect(evidenceOf(link, diagnosis)).toContain(action);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "names sshd when port 22 refuses",
    async () => {
      const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
      jest.spyOn(sandbox.endpoint.instances, "connect").mockRejectedValue(refused);
      jest.spyOn(sandbox.endpoint.instances, "connectFrom").mockRejectedValue(refused);
      await expect(diagnose(DEPLOYED)).resolves.toMatchObject({ firstBroken: "sshd", status: 69 });
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "names host key when the one that is kept is not the one of the console output",
    async () => {
      const state = join(journey.person.home, ".local", "state", "isolated-bastion");
      mkdirSync(state, { recursive: true });
      const [instanceId = ""] = sandbox.shared.deployment?.instanceIds ?? [];
      const other = "AAAAC3NzaC1lZDI1NTE5AAAAINdWTrZRN1+pL3BRHZMT+7aOT0L/Zd3oqJS+s0du6ZUL";
      writeFileSync(join(state, "known_hosts"), `${instanceId} ssh-ed25519 ${other}\n`);
      await expect(diagnose(DEPLOYED)).resolves.toMatchObject({ firstBroken: "host key", status: 69 });
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "doubts, and does not call broken, a clock that is wrong and an OS user that is not the image's",
    async () => {
      shiftMs = 3_600_000;
      const diagnosis = await diagnose(`ubuntu@${DEPLOYED}`);
      expect(diagnosis).toMatchObject({ firstBroken: null, status: 0 });
      const doubted = diagnosis.checks.filter(({ verdict }) => verdict === "unsure").map(({ name }) => name);
      expect(doubted).toEqual(["clock", "image"]);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "raises no alarm for a network ACL that no call crosses",
    async () => {
      const network = await isolatedNetwork();
      await stopAtNetworkAcl(sandbox, network);
      // Its endpoints are in the instance's own subnet, whose border no call crosses.
      await expect(diagnose(network.instanceId)).resolves.toMatchObject({ firstBroken: null });
    },
    JOURNEY_LIMIT_MS,
  );
});
