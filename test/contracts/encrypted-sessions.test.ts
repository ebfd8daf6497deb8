// Sessions that KMS encrypts, from the account's preferences to the last byte: our client, the sandbox's agent, moto's keys.
import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import { CreateVpcEndpointCommand, DeleteVpcEndpointsCommand } from "@aws-sdk/client-ec2";
import { DeleteRolePolicyCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { CreateKeyCommand, DisableKeyCommand, EnableKeyCommand, PutKeyPolicyCommand } from "@aws-sdk/client-kms";
import { KMSClient } from "@aws-sdk/client-kms";
import { CreateDocumentCommand, DeleteDocumentCommand, StartSessionCommand } from "@aws-sdk/client-ssm";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { Credentials } from "../../sandbox/sandbox.ts";
import { dataKeyPorts } from "../../scripts/aws/data-keys.ts";
import { systemClock } from "../../session-manager/clock.ts";
import { openShell, openStandardStream } from "../../session-manager/index.ts";
import type {
  SessionEncryption,
  SessionEvent,
  SessionOptions,
  SessionTicket,
  Shell,
} from "../../session-manager/index.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { AGENT_STATEMENTS, createIsolatedNetwork, endpointPolicy, policy } from "./isolated-network.ts";
import type { IsolatedNetwork } from "./isolated-network.ts";

const NAME = "encrypted-sessions";
const USER = "encrypted-ada";
const ACCOUNT = "123456789012";
const PREFERENCES = "SSM-SessionManagerRunShell";
const LIMIT_MS = 30_000;

let sandbox: TestSandbox;
let network: IsolatedNetwork;
let kms: KMSClient;
let keyId: string;
let keyArn: string;
let kmsEndpointId: string;
let credentials: Credentials;
let events: SessionEvent[];

beforeAll(async () => {
  sandbox = await openTestSandbox();
  kms = new KMSClient(sandbox.configuration());
  network = await createIsolatedNetwork(sandbox, NAME);
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  ({ KeyId: keyId = "", Arn: keyArn = "" } = KeyMetadata ?? {});
  await allowAgent({ Effect: "Allow", Action: "kms:Decrypt", Resource: keyArn });
  kmsEndpointId = await createKmsEndpoint();
  await prefer({ kmsKeyId: keyArn });
  credentials = await sandbox.createUser(USER, [{ Effect: "Deny", Action: "s3:*", Resource: "*" }]);
}, OPEN_LIMIT_MS);

beforeEach(() => {
  events = [];
});

afterEach(() => {
  assert.deepEqual(sandbox.faultsMet, []);
});

afterAll(async () => {
  kms.destroy();
  await sandbox.ssm.send(new DeleteDocumentCommand({ Name: PREFERENCES })).catch(() => undefined);
  await sandbox.close();
});

/** The role's policy for encrypted sessions, beside the one that it registers by. */
async function allowAgent(statement: object): Promise<void> {
  const input = { RoleName: NAME, PolicyName: "encryption", PolicyDocument: policy([...AGENT_STATEMENTS, statement]) };
  await sandbox.iam.send(new PutRolePolicyCommand(input));
}

async function createKmsEndpoint(): Promise<string> {
  const { VpcEndpoint } = await sandbox.ec2.send(
    new CreateVpcEndpointCommand({
      VpcId: network.vpcId,
      ServiceName: `com.amazonaws.${sandbox.shared.region}.kms`,
      VpcEndpointType: "Interface",
      SubnetIds: [network.subnetId],
      SecurityGroupIds: [network.endpointGroupId],
      PrivateDnsEnabled: true,
      PolicyDocument: endpointPolicy(NAME, "kms:Decrypt"),
    }),
  );
  return VpcEndpoint?.VpcEndpointId ?? "";
}

/** Writes the account's session preferences. */
async function prefer(inputs: object): Promise<void> {
  await sandbox.ssm.send(new DeleteDocumentCommand({ Name: PREFERENCES })).catch(() => undefined);
  const content = { schemaVersion: "1.0", description: "preferences", sessionType: "Standard_Stream", inputs };
  const document = { Name: PREFERENCES, DocumentType: "Session", DocumentFormat: "JSON" } as const;
  await sandbox.ssm.send(new CreateDocumentCommand({ ...document, Content: JSON.stringify(content) }));
}

interface Wanted {
  readonly document?: string;
  readonly command?: string;
  readonly encryption?: Partial<SessionEncryption>;
  readonly credentials?: Credentials;
}

async function start({ document, command, encryption, credentials }: Wanted): Promise<SessionOptions> {
  const Parameters = {
    ...(command === undefined ? {} : { command: [command] }),
    ...(document === "AWS-StartNonInteractiveCommand" ? { separateOutputStream: ["true"] } : {}),
  };
  const request = { Target: network.instanceId, DocumentName: document, Parameters };
  const { SessionId = "", StreamUrl = "", TokenValue = "" } = await sandbox.ssm.send(new StartSessionCommand(request));
  return {
    ticket: { sessionId: SessionId, streamUrl: StreamUrl, tokenValue: TokenValue },
    clock: systemClock,
    signUpgrade: () => Promise.resolve({}),
    encryption: { generateDataKey: generateDataKey(credentials), targetId: network.instanceId, ...encryption },
    onEvent: (event) => events.push(event),
  };
}

/** As the commands ask KMS. */
function generateDataKey(as?: Credentials): SessionEncryption["generateDataKey"] {
  const { endpoint, region, credentials } = sandbox.configuration(as);
  process.env["AWS_ENDPOINT_URL_KMS"] = endpoint;
  const settings = { profile: undefined, httpsAgent: undefined, clock: systemClock, logCalls: () => undefined };
  const ports = dataKeyPorts({ ...settings, region, credentials: () => Promise.resolve(credentials) });
  return (kmsKeyId, context) => ports.generateDataKey(kmsKeyId, context);
}

const open = async (wanted: Wanted = {}): Promise<Shell> => openShell(await start(wanted));
const handshakes = (): SessionEvent[] => events.filter(({ type }) => type === "handshake");

describe("an encrypted session", () => {
  it(
    "is a shell whose every byte goes through moto's key, and that says so",
    async () => {
      const shell = await open({ encryption: { required: { kmsKeyId: keyArn } } });
      shell.stdin.write("echo encrypted$((40 + 2)); exit\n");
      expect(await text(shell.stdout)).toContain("encrypted42");
      expect(handshakes()).toMatchObject([{ sessionType: "Standard_Stream", kmsKeyId: keyArn }]);
      expect(events).toContainEqual({ type: "customer-message", text: "This session is encrypted using AWS KMS." });
    },
    LIMIT_MS,
  );

  it(
    "is a command with both outputs and its exit code",
    async () => {
      const command = "sh -c 'echo out; echo wrong >&2; exit 3'";
      const shell = await open({ document: "AWS-StartNonInteractiveCommand", command });
      expect(await Promise.all([text(shell.stdout), text(shell.stderr)])).toEqual(["out\n", "wrong\n"]);
      await expect(shell.exitCode).resolves.toBe(3);
      expect(handshakes()).toMatchObject([{ kmsKeyId: keyArn }]);
    },
    LIMIT_MS,
  );

  it(
    "survives cuts of its connection: nothing is encrypted twice, nothing is lost",
    async () => {
      const command = "stty -echo -onlcr; seq 1 5000; read line; echo $line";
      const options = await start({ document: "AWS-StartInteractiveCommand", command });
      const { faults, sessions, url } = sandbox.endpoint;
      faults.closeSocketAfterBytes = 20_000;
      const resume = (sessionId: string): Promise<SessionTicket | undefined> => {
        const streamUrl = `${url.replace("http:", "ws:")}/v1/data-channel/${sessionId}?role=publish_subscribe`;
        const tokenValue = sessions.issueToken(sessionId);
        return Promise.resolve(tokenValue === undefined ? undefined : { sessionId, streamUrl, tokenValue });
      };
      const shell = await openShell({ ...options, resume });
      let shown = "";
      for await (const bytes of shell.stdout) {
        shown += String(bytes);
        if (!shown.endsWith("\n5000\n")) continue;
        faults.closeSocketAfterBytes = undefined;
        shell.stdin.write("done\n");
      }
      expect(shown).toBe(`${Array.from({ length: 5000 }, (_, index) => `${index + 1}\n`).join("")}done\n`);
      expect(events.filter(({ type }) => type === "resume-attempt").length).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );

  it(
    "is not one of a port: the agent leaves ssh in clear, which encrypts by itself",
    async () => {
      const stream = await openStandardStream(await start({ document: "AWS-StartSSHSession" }));
      const [line] = (await stream.take(1).toArray()) as Buffer[];
      expect(line?.toString()).toMatch(/^SSH-2\.0-/);
      expect(handshakes()).toMatchObject([{ sessionType: "Port", kmsKeyId: undefined }]);
      stream.destroy();
    },
    LIMIT_MS,
  );
});

describe("a session that cannot be encrypted", () => {
  it(
    "fails with the caller's lack of kms:GenerateDataKey",
    async () => {
      await sandbox.allow(USER, [{ Effect: "Allow", Action: "ssm:*", Resource: "*" }]);
      await expect(open({ credentials })).rejects.toMatchObject({
        name: "UserError",
        message: `cannot call kms:GenerateDataKey on "${keyArn}": AWS does not allow it`,
        exitCode: 77,
      });
    },
    LIMIT_MS,
  );

  it(
    "opens as soon as the caller may make data keys for sessions",
    async () => {
      const Condition = { StringEquals: { "kms:EncryptionContext:aws:ssm:TargetId": network.instanceId } };
      await sandbox.allow(USER, [{ Effect: "Allow", Action: "kms:GenerateDataKey", Resource: keyArn, Condition }]);
      const shell = await open({ credentials });
      await shell.close();
      expect(handshakes()).toMatchObject([{ kmsKeyId: keyArn }]);
    },
    LIMIT_MS,
  );

  it(
    "ends with the agent's words when its role lacks kms:Decrypt",
    async () => {
      await sandbox.iam.send(new DeleteRolePolicyCommand({ RoleName: NAME, PolicyName: "encryption" }));
      const role = `arn:aws:sts::${ACCOUNT}:assumed-role/${NAME}/${network.instanceId}`;
      const reason = `AccessDeniedException: User: ${role} is not authorized to perform: kms:Decrypt on resource: ${keyArn}`;
      const opening = open().finally(() => allowAgent({ Effect: "Allow", Action: "kms:Decrypt", Resource: keyArn }));
      await expect(opening).rejects.toMatchObject({
        name: "SessionEndedError",
        end: { by: "agent", reason: expect.stringContaining(reason) as unknown },
      });
    },
    LIMIT_MS,
  );

  it(
    "ends with the agent's words when its network has no way to KMS",
    async () => {
      await sandbox.ec2.send(new DeleteVpcEndpointsCommand({ VpcEndpointIds: [kmsEndpointId] }));
      const opening = open().finally(async () => (kmsEndpointId = await createKmsEndpoint()));
      await expect(opening).rejects.toMatchObject({
        end: {
          reason: expect.stringMatching(/RequestError: .* no way to kms\.eu-central-1\.amazonaws\.com/) as unknown,
        },
      });
    },
    LIMIT_MS,
  );

  it(
    "ends with the agent's words when the data key is bound to another target",
    async () => {
      const opening = open({ encryption: { targetId: "i-0ffffffffffffffff" } });
      await expect(opening).rejects.toMatchObject({
        end: { reason: expect.stringContaining("InvalidCiphertextException") as unknown },
      });
    },
    LIMIT_MS,
  );

  it(
    "ends with the agent's words when the key is disabled",
    async () => {
      await kms.send(new DisableKeyCommand({ KeyId: keyId }));
      const opening = open().finally(() => kms.send(new EnableKeyCommand({ KeyId: keyId })));
      await expect(opening).rejects.toMatchObject({
        end: { reason: expect.stringContaining("DisabledException") as unknown },
      });
    },
    LIMIT_MS,
  );

  it(
    "counts a key policy that gives IAM no say",
    async () => {
      const everything = { Action: "kms:*", Resource: "*", Effect: "Allow" };
      const narrow = [{ ...everything, Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/nobody` } }];
      const open_ = [{ ...everything, Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` } }];
      const put = (Policy: object[]): Promise<unknown> =>
        kms.send(new PutKeyPolicyCommand({ KeyId: keyId, PolicyName: "default", Policy: policy(Policy) }));
      await put(narrow);
      const opening = open().finally(() => put(open_));
      await expect(opening).rejects.toMatchObject({
        end: { reason: expect.stringContaining("AccessDeniedException") as unknown },
      });
    },
    LIMIT_MS,
  );

  it(
    "is refused where encryption is required and the preferences name no key",
    async () => {
      await prefer({ kmsKeyId: "" });
      const opening = open({ encryption: { required: {} } }).finally(() => prefer({ kmsKeyId: keyArn }));
      await expect(opening).rejects.toMatchObject({ code: "ENCRYPTION_MISSING" });
    },
    LIMIT_MS,
  );

  it(
    "is refused where another key is required than the preferences name",
    async () => {
      const required = { kmsKeyId: keyArn.replace(/.$/, (last) => (last === "0" ? "1" : "0")) };
      await expect(open({ encryption: { required } })).rejects.toMatchObject({ code: "ENCRYPTION_KEY_UNEXPECTED" });
    },
    LIMIT_MS,
  );
});
