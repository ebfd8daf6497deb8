// shell.ts in an account whose preferences encrypt sessions, on the stack as it is deployed plus what encryption needs.
import {
  CreateVpcEndpointCommand,
  DeleteVpcEndpointsCommand,
  DescribeInstancesCommand,
  DescribeVpcEndpointsCommand,
} from "@aws-sdk/client-ec2";
import { DeleteRolePolicyCommand, GetInstanceProfileCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { CreateDocumentCommand, DeleteDocumentCommand } from "@aws-sdk/client-ssm";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { JOURNEY_LIMIT_MS } from "./connect-journey.ts";
import { ShellJourney, shellPolicyWithout } from "./shell-journey.ts";

const NAME = "journey-shell-encrypted";
const PREFERENCES = "SSM-SessionManagerRunShell";

let sandbox: TestSandbox;
let journey: ShellJourney;
let keyArn: string;
let roleName: string;
let endpointId: string;

beforeAll(async () => {
  sandbox = await openTestSandbox();
  const instanceId = await sandbox.cloneBastion(NAME);
  const kms = new KMSClient(sandbox.configuration());
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  kms.destroy();
  keyArn = KeyMetadata?.Arn ?? "";
  roleName = await readRoleName(instanceId);
  endpointId = await createKmsEndpoint();
  await allowDecrypt();
  const inputs = { kmsKeyId: keyArn };
  const Content = JSON.stringify({ schemaVersion: "1.0", sessionType: "Standard_Stream", inputs });
  await sandbox.ssm.send(new CreateDocumentCommand({ Name: PREFERENCES, DocumentType: "Session", Content }));
}, OPEN_LIMIT_MS);

/** Other files share moto: they must find it as they left it. */
afterAll(async () => {
  await sandbox.ssm.send(new DeleteDocumentCommand({ Name: PREFERENCES }));
  await sandbox.iam.send(new DeleteRolePolicyCommand({ RoleName: roleName, PolicyName: "encryption" }));
  await sandbox.ec2.send(new DeleteVpcEndpointsCommand({ VpcEndpointIds: [endpointId] }));
  await sandbox.close();
}, OPEN_LIMIT_MS);

beforeEach(() => {
  journey = new ShellJourney(sandbox);
});

afterEach(async () => {
  try {
    await journey.expectNothingLeft();
  } finally {
    journey.leave();
  }
});

async function readRoleName(instanceId: string): Promise<string> {
  const { Reservations } = await sandbox.ec2.send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }));
  const InstanceProfileName = Reservations?.[0]?.Instances?.[0]?.IamInstanceProfile?.Arn?.split("/").at(-1);
  const { InstanceProfile } = await sandbox.iam.send(new GetInstanceProfileCommand({ InstanceProfileName }));
  return InstanceProfile?.Roles?.[0]?.RoleName ?? "";
}

/** Beside the endpoint for ssm, in its subnets and behind its groups. */
async function createKmsEndpoint(): Promise<string> {
  const { VpcEndpoints } = await sandbox.ec2.send(new DescribeVpcEndpointsCommand({}));
  const ssm = VpcEndpoints?.find(({ ServiceName }) => ServiceName?.endsWith(".ssm"));
  const { VpcEndpoint } = await sandbox.ec2.send(
    new CreateVpcEndpointCommand({
      VpcId: ssm?.VpcId,
      ServiceName: ssm?.ServiceName?.replace(/ssm$/, "kms"),
      VpcEndpointType: "Interface",
      SubnetIds: ssm?.SubnetIds,
      SecurityGroupIds: ssm?.Groups?.flatMap(({ GroupId }) => GroupId ?? []),
      PrivateDnsEnabled: true,
    }),
  );
  return VpcEndpoint?.VpcEndpointId ?? "";
}

async function allowDecrypt(): Promise<void> {
  const statement = { Effect: "Allow", Action: "kms:Decrypt", Resource: keyArn };
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  await sandbox.iam.send(new PutRolePolicyCommand({ RoleName: roleName, PolicyName: "encryption", PolicyDocument }));
}

describe("shell.ts, where the account's preferences name a KMS key", () => {
  it(
    "opens an encrypted shell, and says so",
    async () => {
      const shell = journey.shellOnTerminal(NAME, "--encrypted", "--kms-key", keyArn);
      await shell.stderrMatches(/shell: the agent says: This session is encrypted using AWS KMS\./);
      shell.type("echo secret$((40 + 2))\r");
      await shell.stderrMatches(/secret42/);
      shell.type("exit\r");
      await expect(shell.outcome).resolves.toMatchObject({ status: 0 });
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "runs a command with its output, errors and exit status; with --quiet nothing else is said",
    async () => {
      const outcome = await journey.shell([NAME, "--encrypted", "--quiet", "--", "echo out; echo wrong >&2; exit 3"]);
      expect(outcome).toMatchObject({ status: 3, stdout: "out\n", stderr: "wrong\n" });
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "shows neither data key nor token with --debug",
    async () => {
      const { stderr, status } = await journey.shell([NAME, "--debug", "--", "true"]);
      expect(status).toBe(0);
      expect(stderr).toContain("KMS GenerateDataKey: answered");
      expect(stderr).toContain(`"kmsKeyId":"${keyArn}"`);
      expect(stderr).not.toMatch(/plaintext|ciphertext|token/i);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "ends with 77 without kms:GenerateDataKey, and names it",
    async () => {
      const credentials = await sandbox.createUser("shell-no-data-key", shellPolicyWithout("kms:GenerateDataKey"));
      const { status, stderr } = await journey.shell([NAME, "--", "true"], { credentials });
      expect(status).toBe(77);
      expect(stderr).toContain(`cannot call kms:GenerateDataKey on "${keyArn}": AWS does not allow it`);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "ends with 69 when the instance's role lacks kms:Decrypt, and says what is missing",
    async () => {
      await sandbox.iam.send(new DeleteRolePolicyCommand({ RoleName: roleName, PolicyName: "encryption" }));
      const { status, stderr } = await journey.shell([NAME, "--", "true"]).finally(allowDecrypt);
      expect(status).toBe(69);
      expect(stderr).toContain("is not authorized to perform: kms:Decrypt");
      expect(stderr).toContain("shell: hint: encrypted sessions: the instance's role needs kms:Decrypt on the key");
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "ends with 69 when another key is wanted",
    async () => {
      const { status, stderr } = await journey.shell([NAME, "--kms-key", "another", "--", "true"]);
      expect(status).toBe(69);
      expect(stderr).toContain(`the agent names KMS key "${keyArn}", not "another"`);
    },
    JOURNEY_LIMIT_MS,
  );

  it(
    "leaves connect.ts as it is: ssh encrypts by itself",
    async () => {
      await expect(journey.connect([NAME, "--", "exit 6"])).resolves.toMatchObject({ status: 6 });
    },
    JOURNEY_LIMIT_MS,
  );
});
