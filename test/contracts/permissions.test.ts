// A caller's policies decide on each call that our commands make; refusals have AWS's own names.
import { CloudTrailClient, LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import {
  DescribeInstancesCommand,
  EC2Client,
  GetConsoleOutputCommand,
  RebootInstancesCommand,
  StartInstancesCommand,
} from "@aws-sdk/client-ec2";
import { EC2InstanceConnectClient, SendSSHPublicKeyCommand } from "@aws-sdk/client-ec2-instance-connect";
import { IAMClient, ListUsersCommand } from "@aws-sdk/client-iam";
import {
  DescribeInstanceInformationCommand,
  DescribeSessionsCommand,
  GetConnectionStatusCommand,
  ResumeSessionCommand,
  SSMClient,
  StartSessionCommand,
  TerminateSessionCommand,
} from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { makeEd25519KeyPair } from "../../scripts/ssh/openssh-key.ts";
import type { Credentials } from "../../sandbox/sandbox.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { createIsolatedNetwork } from "./isolated-network.ts";

const USER = "permissions-ada";
const PUBLIC_KEY = makeEd25519KeyPair("test").publicKey;
let sandbox: TestSandbox;
let instanceId: string;
let credentials: Credentials;

beforeAll(async () => {
  sandbox = await openTestSandbox();
  ({ instanceId } = await createIsolatedNetwork(sandbox, "permissions"));
  credentials = await sandbox.createUser(USER, [{ Effect: "Deny", Action: "s3:*", Resource: "*" }]);
}, OPEN_LIMIT_MS);

afterAll(async () => {
  await sandbox.close();
});

const as = (): ReturnType<TestSandbox["configuration"]> => sandbox.configuration(credentials);
const ssm = (): SSMClient => new SSMClient(as());
const ec2 = (): EC2Client => new EC2Client(as());

async function deployersSession(): Promise<string> {
  const { SessionId } = await sandbox.ssm.send(new StartSessionCommand({ Target: instanceId }));
  return SessionId ?? "";
}

/** Action, refusal and call; each call would succeed for who may make it. */
const calls: readonly (readonly [action: string, refusal: string, call: () => Promise<unknown>])[] = [
  [
    "cloudtrail:LookupEvents",
    "AccessDeniedException",
    () => new CloudTrailClient(as()).send(new LookupEventsCommand({})),
  ],
  ["ec2:DescribeInstances", "UnauthorizedOperation", () => ec2().send(new DescribeInstancesCommand({}))],
  [
    "ec2:GetConsoleOutput",
    "UnauthorizedOperation",
    () => ec2().send(new GetConsoleOutputCommand({ InstanceId: instanceId })),
  ],
  [
    "ec2:RebootInstances",
    "UnauthorizedOperation",
    () => ec2().send(new RebootInstancesCommand({ InstanceIds: [instanceId] })),
  ],
  [
    "ec2:StartInstances",
    "UnauthorizedOperation",
    () => ec2().send(new StartInstancesCommand({ InstanceIds: [instanceId] })),
  ],
  [
    "ec2-instance-connect:SendSSHPublicKey",
    "AccessDeniedException",
    () => {
      const input = { InstanceId: instanceId, InstanceOSUser: "ec2-user", SSHPublicKey: PUBLIC_KEY };
      return new EC2InstanceConnectClient(as()).send(new SendSSHPublicKeyCommand(input));
    },
  ],
  [
    "ssm:DescribeInstanceInformation",
    "AccessDeniedException",
    () => ssm().send(new DescribeInstanceInformationCommand({})),
  ],
  ["ssm:DescribeSessions", "AccessDeniedException", () => ssm().send(new DescribeSessionsCommand({ State: "Active" }))],
  [
    "ssm:GetConnectionStatus",
    "AccessDeniedException",
    () => ssm().send(new GetConnectionStatusCommand({ Target: instanceId })),
  ],
  ["ssm:StartSession", "AccessDeniedException", () => ssm().send(new StartSessionCommand({ Target: instanceId }))],
  [
    "ssm:ResumeSession",
    "AccessDeniedException",
    async () => ssm().send(new ResumeSessionCommand({ SessionId: await deployersSession() })),
  ],
  [
    "ssm:TerminateSession",
    "AccessDeniedException",
    async () => ssm().send(new TerminateSessionCommand({ SessionId: await deployersSession() })),
  ],
];

describe("a caller whose policies lack a call", () => {
  it.each(calls)("fails at %s with %s, which names caller and action", async (action, name, call) => {
    await sandbox.allow(USER, [
      { Effect: "Allow", Action: "*", Resource: "*" },
      { Effect: "Deny", Action: action, Resource: "*" },
    ]);
    const message = `User: arn:aws:iam::123456789012:user/${USER} is not authorized to perform: ${action}`;
    await expect(call()).rejects.toMatchObject({ name, message: expect.stringContaining(message) as unknown });
  });

  it.each(calls)("may make %s as soon as a policy allows it", async (action, _, call) => {
    await sandbox.allow(USER, [{ Effect: "Allow", Action: action, Resource: "*" }]);
    await expect(call()).resolves.toBeDefined();
  });
});

describe("a policy with conditions", () => {
  it("allows a key for one OS user only", async () => {
    const Condition = { StringEquals: { "ec2:osuser": "ec2-user" } };
    await sandbox.allow(USER, [
      { Effect: "Allow", Action: "ec2-instance-connect:SendSSHPublicKey", Resource: "*", Condition },
    ]);
    const client = new EC2InstanceConnectClient(as());
    const send = (osUser: string): Promise<unknown> =>
      client.send(
        new SendSSHPublicKeyCommand({ InstanceId: instanceId, InstanceOSUser: osUser, SSHPublicKey: PUBLIC_KEY }),
      );
    await expect(send("ec2-user")).resolves.toMatchObject({ Success: true });
    await expect(send("root")).rejects.toMatchObject({ name: "AccessDeniedException" });
  });

  it("lets callers end their own sessions and no others", async () => {
    const Condition = { StringEquals: { "ssm:resourceTag/aws:ssmmessages:session-id": "${aws:userid}" } };
    await sandbox.allow(USER, [
      { Effect: "Allow", Action: "ssm:StartSession", Resource: "*" },
      { Effect: "Allow", Action: "ssm:TerminateSession", Resource: "arn:aws:ssm:*:*:session/*", Condition },
    ]);
    const own = await ssm().send(new StartSessionCommand({ Target: instanceId }));
    expect(own.SessionId).toMatch(new RegExp(`^${USER}-`));
    await ssm().send(new TerminateSessionCommand({ SessionId: own.SessionId }));
    const others = ssm().send(new TerminateSessionCommand({ SessionId: await deployersSession() }));
    await expect(others).rejects.toMatchObject({ name: "AccessDeniedException" });
  });
});

describe("a caller without any permission", () => {
  it("may ask who it is", async () => {
    await sandbox.allow(USER, [{ Effect: "Deny", Action: "*", Resource: "*" }]);
    const { Arn } = await new STSClient(as()).send(new GetCallerIdentityCommand({}));
    expect(Arn).toBe(`arn:aws:iam::123456789012:user/${USER}`);
  });
});

describe("a call that none of our commands makes", () => {
  it("is refused aloud to anybody but the deployer, whatever the policies say", async () => {
    await sandbox.allow(USER, [{ Effect: "Allow", Action: "*", Resource: "*" }]);
    const call = new IAMClient(as()).send(new ListUsersCommand({}));
    await expect(call).rejects.toMatchObject({ name: "UnmodelledRequest" });
  });
});
