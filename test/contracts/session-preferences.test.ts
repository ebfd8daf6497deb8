// The account's session preferences, as a person meets them: what lets nobody in, and the log of who came in.
import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import { CloudWatchLogsClient, CreateLogGroupCommand, GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  AuthorizeSecurityGroupEgressCommand,
  CreateVpcEndpointCommand,
  DeleteVpcEndpointsCommand,
  DescribePrefixListsCommand,
  DescribeRouteTablesCommand,
} from "@aws-sdk/client-ec2";
import { PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import {
  CreateBucketCommand,
  DeleteBucketEncryptionCommand,
  GetObjectCommand,
  PutBucketEncryptionCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { CreateDocumentCommand, DeleteDocumentCommand, StartSessionCommand } from "@aws-sdk/client-ssm";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { systemClock } from "../../session-manager/clock.ts";
import { openShell, openStandardStream } from "../../session-manager/index.ts";
import type { SessionOptions, Shell } from "../../session-manager/index.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { AGENT_STATEMENTS, createIsolatedNetwork, endpointPolicy, policy } from "./isolated-network.ts";
import type { IsolatedNetwork } from "./isolated-network.ts";

/** There is one document for each Region, and other tests have shells in the usual one. */
const region = "eu-west-1";
const NAME = "session-preferences";
const PREFERENCES = "SSM-SessionManagerRunShell";
const S3_SERVICE = `com.amazonaws.${region}.s3`;
const ENCRYPTED_GROUP = "/preferences/encrypted";
const CLEAR_GROUP = "/preferences/in-clear";
const BUCKET = "session-preferences-contract";
const ALLOWED = { Effect: "Allow", Action: ["logs:*", "s3:*"], Resource: "*" };
const NO_KEY_ON_GROUP =
  "We couldn't start the session because encryption is not set up on the selected CloudWatch Logs log group. Either encrypt the log group or choose an option to enable logging without encryption.";
const NO_KEY_ON_BUCKET =
  "We couldn't start the session because encryption is not set up on the selected Amazon S3 bucket. Either encrypt the bucket or choose an option to enable logging without encryption.";
const LIMIT_MS = 30_000;

let sandbox: TestSandbox;
let network: IsolatedNetwork;
let logs: CloudWatchLogsClient;
let s3: S3Client;
let endpointIds: Record<"logs" | "s3", string>;

beforeAll(async () => {
  sandbox = await openTestSandbox({ region });
  logs = new CloudWatchLogsClient(sandbox.configuration());
  s3 = new S3Client({ ...sandbox.configuration(), forcePathStyle: true });
  network = await createIsolatedNetwork(sandbox, NAME, "beside", region);
  await letAgent(ALLOWED);
  await letOutToS3();
  endpointIds = { logs: await createLogsEndpoint(), s3: await createS3Endpoint() };
  const kms = new KMSClient(sandbox.configuration());
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  kms.destroy();
  await logs.send(new CreateLogGroupCommand({ logGroupName: ENCRYPTED_GROUP, kmsKeyId: KeyMetadata?.Arn }));
  await logs.send(new CreateLogGroupCommand({ logGroupName: CLEAR_GROUP }));
  const where = { LocationConstraint: region } as const;
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET, CreateBucketConfiguration: where }));
  await encryptBucket();
}, OPEN_LIMIT_MS);

afterEach(() => {
  assert.deepEqual(sandbox.faultsMet, []);
});

afterAll(async () => {
  await sandbox.ssm.send(new DeleteDocumentCommand({ Name: PREFERENCES })).catch(() => undefined);
  for (const client of [logs, s3]) client.destroy();
  await sandbox.close();
});

/** The role's policy beside the one that it registers by. */
async function letAgent(...statements: object[]): Promise<void> {
  const PolicyDocument = policy([...AGENT_STATEMENTS, ...statements]);
  await sandbox.iam.send(new PutRolePolicyCommand({ RoleName: NAME, PolicyName: "log", PolicyDocument }));
}

async function createLogsEndpoint(): Promise<string> {
  const { VpcEndpoint } = await sandbox.ec2.send(
    new CreateVpcEndpointCommand({
      VpcId: network.vpcId,
      ServiceName: `com.amazonaws.${region}.logs`,
      VpcEndpointType: "Interface",
      SubnetIds: [network.subnetId],
      SecurityGroupIds: [network.endpointGroupId],
      PrivateDnsEnabled: true,
      PolicyDocument: endpointPolicy(NAME, "logs:*"),
    }),
  );
  return VpcEndpoint?.VpcEndpointId ?? "";
}

/** The bastion's group lets HTTPS out to S3's addresses. */
async function letOutToS3(): Promise<void> {
  const { PrefixLists } = await sandbox.ec2.send(new DescribePrefixListsCommand({}));
  const PrefixListId = PrefixLists?.find(({ PrefixListName }) => PrefixListName === S3_SERVICE)?.PrefixListId;
  const https = { IpProtocol: "tcp", FromPort: 443, ToPort: 443, PrefixListIds: [{ PrefixListId }] };
  await sandbox.ec2.send(
    new AuthorizeSecurityGroupEgressCommand({ GroupId: network.bastionGroupId, IpPermissions: [https] }),
  );
}

/** In the VPC's main route table, which its subnet has. */
async function createS3Endpoint(): Promise<string> {
  const Filters = [{ Name: "vpc-id", Values: [network.vpcId] }];
  const { RouteTables } = await sandbox.ec2.send(new DescribeRouteTablesCommand({ Filters }));
  const { VpcEndpoint } = await sandbox.ec2.send(
    new CreateVpcEndpointCommand({
      VpcId: network.vpcId,
      ServiceName: S3_SERVICE,
      VpcEndpointType: "Gateway",
      RouteTableIds: (RouteTables ?? []).flatMap(({ RouteTableId }) => RouteTableId ?? []),
      PolicyDocument: endpointPolicy(NAME, "s3:*"),
    }),
  );
  return VpcEndpoint?.VpcEndpointId ?? "";
}

async function encryptBucket(): Promise<void> {
  const byDefault = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" } } as const;
  const ServerSideEncryptionConfiguration = { Rules: [byDefault] };
  await s3.send(new PutBucketEncryptionCommand({ Bucket: BUCKET, ServerSideEncryptionConfiguration }));
}

/** Writes the account's session preferences. */
async function prefer(inputs: object): Promise<void> {
  await sandbox.ssm.send(new DeleteDocumentCommand({ Name: PREFERENCES })).catch(() => undefined);
  const content = { schemaVersion: "1.0", description: "preferences", sessionType: "Standard_Stream", inputs };
  const document = { Name: PREFERENCES, DocumentType: "Session", DocumentFormat: "JSON" } as const;
  await sandbox.ssm.send(new CreateDocumentCommand({ ...document, Content: JSON.stringify(content) }));
}

interface Started {
  readonly sessionId: string;
  readonly options: SessionOptions;
}

async function start(DocumentName?: string, command?: string): Promise<Started> {
  const separate = DocumentName === "AWS-StartNonInteractiveCommand" ? { separateOutputStream: ["true"] } : {};
  const Parameters = command === undefined ? {} : { command: [command], ...separate };
  const request = { Target: network.instanceId, DocumentName, Parameters };
  const { SessionId = "", StreamUrl = "", TokenValue = "" } = await sandbox.ssm.send(new StartSessionCommand(request));
  const ticket = { sessionId: SessionId, streamUrl: StreamUrl, tokenValue: TokenValue };
  return { sessionId: SessionId, options: { ticket, clock: systemClock, signUpgrade: () => Promise.resolve({}) } };
}

/** Types into a shell, waits for its end, and returns its session and what it has shown. */
async function typeIntoShell(line: string): Promise<{ readonly sessionId: string; readonly shown: string }> {
  const { sessionId, options } = await start();
  const shell: Shell = await openShell(options);
  shell.stdin.write(`${line}; exit\n`);
  return { sessionId, shown: await text(shell.stdout) };
}

/** Why a shell does not start. */
async function refusal(): Promise<unknown> {
  const { options } = await start();
  const shell = await openShell(options).catch((error: unknown) => error);
  if (shell instanceof Error) return (shell as Error & { readonly end?: { readonly reason?: string } }).end?.reason;
  await (shell as Shell).close();
  return "it started";
}

async function logged(logGroupName: string, logStreamName: string): Promise<string[]> {
  const { events = [] } = await logs.send(
    new GetLogEventsCommand({ logGroupName, logStreamName, startFromHead: true }),
  );
  return events.map(({ message = "" }) => message);
}

/** Asks until the log has it: the session's end does not wait for what is still on its way. */
async function untilLogged(group: string, stream: string, wanted: string): Promise<string[]> {
  for (;;) {
    const messages = await logged(group, stream).catch(() => []);
    if (messages.some((message) => message.includes(wanted))) return messages;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const encryptedGroup = { cloudWatchLogGroupName: ENCRYPTED_GROUP, cloudWatchEncryptionEnabled: true };
const encryptedBucket = { s3BucketName: BUCKET, s3KeyPrefix: "shells", s3EncryptionEnabled: true };

describe("a log group in the preferences", () => {
  it(
    "gets a shell's lines while it lasts, as JSON that says who and where",
    async () => {
      await prefer({ ...encryptedGroup, cloudWatchStreamingEnabled: true });
      const { sessionId, options } = await start();
      const shell = await openShell(options);
      shell.stdin.write("echo logged$((40 + 2))\n");
      const [message = ""] = (await untilLogged(ENCRYPTED_GROUP, sessionId, "logged42")).slice(-1);
      expect(JSON.parse(message)).toMatchObject({
        eventVersion: "1.0",
        awsRegion: region,
        target: { id: network.instanceId },
        userIdentity: { arn: "arn:aws:iam::123456789012:user/deployer" },
        runAsUser: "ssm-user",
        sessionId,
        sessionData: expect.arrayContaining(["logged42"]) as unknown,
      });
      await shell.close();
    },
    LIMIT_MS,
  );

  it(
    "gets the lines as text at the end where they are not streamed",
    async () => {
      await prefer(encryptedGroup);
      const { sessionId } = await typeIntoShell("echo late$((40 + 2))");
      expect(await untilLogged(ENCRYPTED_GROUP, sessionId, "late42")).toContain("late42");
    },
    LIMIT_MS,
  );

  it(
    "gets a command's output too, and nothing of a port's",
    async () => {
      await prefer({ ...encryptedGroup, cloudWatchStreamingEnabled: true });
      const command = await start("AWS-StartNonInteractiveCommand", "echo commanded");
      expect(await text((await openShell(command.options)).stdout)).toBe("commanded\n");
      await untilLogged(ENCRYPTED_GROUP, command.sessionId, "commanded");
      const port = await start("AWS-StartSSHSession");
      const stream = await openStandardStream(port.options);
      await stream.take(1).toArray();
      stream.destroy();
      await expect(logged(ENCRYPTED_GROUP, port.sessionId)).rejects.toMatchObject({
        name: "ResourceNotFoundException",
      });
    },
    LIMIT_MS,
  );

  it.each([
    ["is not encrypted", { ...encryptedGroup, cloudWatchLogGroupName: CLEAR_GROUP }],
    ["does not exist", { ...encryptedGroup, cloudWatchLogGroupName: "/preferences/missing" }],
  ])(
    "keeps everybody out when it must be encrypted, and %s",
    async (_what, inputs) => {
      await prefer(inputs);
      expect(await refusal()).toBe(NO_KEY_ON_GROUP);
    },
    LIMIT_MS,
  );

  it(
    "keeps nobody out when it may be in clear, though nothing is logged where it is missing",
    async () => {
      await prefer({ cloudWatchLogGroupName: "/preferences/missing", cloudWatchEncryptionEnabled: false });
      expect((await typeIntoShell("echo in$((40 + 2))")).shown).toContain("in42");
    },
    LIMIT_MS,
  );

  it(
    "keeps everybody out when the role may not look at it, or the network has no way to it",
    async () => {
      await prefer(encryptedGroup);
      await letAgent({ ...ALLOWED, Action: "s3:*" });
      expect(await refusal().finally(() => letAgent(ALLOWED))).toBe(NO_KEY_ON_GROUP);
      await sandbox.ec2.send(new DeleteVpcEndpointsCommand({ VpcEndpointIds: [endpointIds.logs] }));
      const refused = refusal().finally(async () => (endpointIds.logs = await createLogsEndpoint()));
      expect(await refused).toBe(NO_KEY_ON_GROUP);
    },
    LIMIT_MS,
  );
});

describe("a bucket in the preferences", () => {
  it(
    "gets a shell's output when it is over",
    async () => {
      await prefer(encryptedBucket);
      const { sessionId } = await typeIntoShell("echo stored$((40 + 2))");
      const Key = `shells/${sessionId}.log`;
      const read = async (): Promise<string | undefined> => {
        const found = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key })).catch(() => undefined);
        return found?.Body?.transformToString();
      };
      let log = await read();
      while (log === undefined) log = await read();
      expect(log).toContain("stored42");
    },
    LIMIT_MS,
  );

  it(
    "keeps everybody out when it must be encrypted and is not",
    async () => {
      await prefer(encryptedBucket);
      await s3.send(new DeleteBucketEncryptionCommand({ Bucket: BUCKET }));
      expect(await refusal().finally(encryptBucket)).toBe(NO_KEY_ON_BUCKET);
    },
    LIMIT_MS,
  );

  it(
    "keeps everybody out when the role may not look at it, or the network has no way to it",
    async () => {
      await prefer(encryptedBucket);
      await letAgent({ ...ALLOWED, Action: "logs:*" });
      expect(await refusal().finally(() => letAgent(ALLOWED))).toMatch(
        /^Couldn't start the session because we are unable to validate encryption on Amazon S3 bucket\. Error: AccessDeniedException: .*s3:GetEncryptionConfiguration/,
      );
      await sandbox.ec2.send(new DeleteVpcEndpointsCommand({ VpcEndpointIds: [endpointIds.s3] }));
      const refused = refusal().finally(async () => (endpointIds.s3 = await createS3Endpoint()));
      expect(await refused).toMatch(/Error: RequestError: .* no way to s3\.eu-west-1\.amazonaws\.com/);
    },
    LIMIT_MS,
  );
});

describe("a user in the preferences", () => {
  it(
    "is whom a shell starts as, and its log says so",
    async () => {
      await prefer({ runAsEnabled: true, runAsDefaultUser: "ec2-user" });
      expect((await typeIntoShell("echo as $USER-$LOGNAME")).shown).toContain("as ec2-user-ec2-user");
    },
    LIMIT_MS,
  );

  it.each([
    ["there is none on the image", "ubuntu", "failed to start pty since RunAs user ubuntu does not exist"],
    ["none is named", "", "please set the RunAs default user"],
  ])(
    "keeps everybody out when %s",
    async (_what, runAsDefaultUser, words) => {
      await prefer({ runAsEnabled: true, runAsDefaultUser });
      expect(await refusal()).toBe(`----------ERROR------- Unable to start command: ${words}`);
    },
    LIMIT_MS,
  );
});

describe("a shell profile in the preferences", () => {
  it(
    "is typed into each shell first, and into no command",
    async () => {
      await prefer({ shellProfile: { linux: "PROFILE=was-here", windows: "" } });
      expect((await typeIntoShell("echo it $PROFILE")).shown).toContain("it was-here");
      const command = await start("AWS-StartNonInteractiveCommand", "printenv PROFILE");
      expect(await text((await openShell(command.options)).stdout)).toBe("");
    },
    LIMIT_MS,
  );
});
