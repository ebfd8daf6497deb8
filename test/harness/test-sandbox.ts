// An endpoint of a test file's own, in front of the moto that the tests of its kind share.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DescribeInstancesCommand,
  EC2Client,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from "@aws-sdk/client-iam";
import { expect } from "@jest/globals";
import { SSMClient } from "@aws-sdk/client-ssm";
import type { Deployment } from "../../sandbox/deploy.ts";
import { startEndpoint, type Credentials, type Endpoint, type SandboxEndpointOptions } from "../../sandbox/sandbox.ts";
import type { MotoAddress } from "../../sandbox/moto/moto.ts";
import { systemClock } from "../../session-manager/clock.ts";

/** What the global setup leaves for the tests. */
export interface SharedSandbox extends MotoAddress {
  readonly deployer: Credentials;
  readonly region: string;
  /** moto's. */
  readonly processId: number;
  /** Holds moto's log, and the deployed stack. */
  readonly directory: string;
  /** Only for journeys. */
  readonly deployment?: SharedDeployment;
}

export interface SharedDeployment extends Deployment {
  /** What Terraform needs of the environment to find state and provider. */
  readonly terraform: Readonly<Record<string, string>>;
}

export type TestSandboxOptions = Partial<
  Pick<
    SandboxEndpointOptions,
    "clock" | "sshServer" | "bootMs" | "port" | "streamOrigin" | "agentVersion" | "onFault" | "region"
  >
>;

/** Time for `openTestSandbox`, on a computer that does much else. */
export const OPEN_LIMIT_MS = 30_000;

/** The sandbox as one test file has it; faults and clock are plain objects in its own process. */
export class TestSandbox {
  readonly endpoint: Endpoint;
  readonly shared: SharedSandbox;
  /** As the deployer. */
  readonly ec2: EC2Client;
  readonly iam: IAMClient;
  readonly ssm: SSMClient;
  /** Errors of the sandbox's own; a test that ends with some has failed. */
  readonly faultsMet: readonly unknown[];
  readonly #directory: string;
  readonly #launched: string[] = [];

  constructor(endpoint: Endpoint, shared: SharedSandbox, directory: string, faultsMet: readonly unknown[]) {
    this.endpoint = endpoint;
    this.shared = shared;
    this.faultsMet = faultsMet;
    this.#directory = directory;
    this.ec2 = new EC2Client(this.configuration());
    this.iam = new IAMClient(this.configuration());
    this.ssm = new SSMClient(this.configuration());
  }

  /** For a client of the SDK. */
  configuration(credentials: Credentials & { readonly sessionToken?: string } = this.shared.deployer): {
    endpoint: string;
    region: string;
    credentials: Credentials;
    maxAttempts: number;
  } {
    return { endpoint: this.endpoint.url, region: this.shared.region, credentials, maxAttempts: 2 };
  }

  /** Environment variables by which a command meets this endpoint. */
  environment(credentials: Credentials = this.shared.deployer): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: this.endpoint.url,
      AWS_REGION: this.shared.region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
    };
  }

  /**
   * One more bastion beside the deployed one: same image, subnet, groups and profile, a Name tag of its own.
   *
   * @returns its instance id, once its SSM Agent is connected
   */
  async cloneBastion(name: string, tags: Readonly<Record<string, string>> = {}): Promise<string> {
    const instanceId = await this.launchBastion(name, tags);
    while (!(await this.endpoint.nodes.connection(instanceId)).connected) await new Promise(setImmediate);
    return instanceId;
  }

  /** The same, but it has only just been launched. */
  async launchBastion(name: string, tags: Readonly<Record<string, string>> = {}): Promise<string> {
    const original = await this.#deployedInstance();
    const { Instances } = await this.ec2.send(
      new RunInstancesCommand({
        ImageId: original.ImageId,
        InstanceType: original.InstanceType,
        MinCount: 1,
        MaxCount: 1,
        IamInstanceProfile: { Arn: original.IamInstanceProfile?.Arn },
        NetworkInterfaces: [
          {
            DeviceIndex: 0,
            SubnetId: original.SubnetId,
            AssociatePublicIpAddress: false,
            Groups: (original.SecurityGroups ?? []).flatMap(({ GroupId }) => GroupId ?? []),
          },
        ],
        TagSpecifications: [
          {
            ResourceType: "instance",
            Tags: Object.entries({ Name: name, ...tags }).map(([Key, Value]) => ({ Key, Value })),
          },
        ],
      }),
    );
    const instanceId = Instances?.[0]?.InstanceId ?? "";
    this.#launched.push(instanceId);
    return instanceId;
  }

  /** Keys of a new IAM user with one policy of these statements. */
  async createUser(userName: string, statements: readonly object[]): Promise<Credentials> {
    await this.iam.send(new CreateUserCommand({ UserName: userName }));
    await this.allow(userName, statements);
    const { AccessKey } = await this.iam.send(new CreateAccessKeyCommand({ UserName: userName }));
    return { accessKeyId: AccessKey?.AccessKeyId ?? "", secretAccessKey: AccessKey?.SecretAccessKey ?? "" };
  }

  /** Replaces the statements of a user that `createUser` made. */
  async allow(userName: string, statements: readonly object[]): Promise<void> {
    const document = JSON.stringify({ Version: "2012-10-17", Statement: statements });
    await this.iam.send(new PutUserPolicyCommand({ UserName: userName, PolicyName: "own", PolicyDocument: document }));
  }

  /** Terminates what it has launched: the deployed subnet has few addresses. */
  async close(): Promise<void> {
    try {
      if (this.#launched.length > 0)
        await this.ec2.send(new TerminateInstancesCommand({ InstanceIds: [...this.#launched] }));
    } finally {
      for (const client of [this.ec2, this.iam, this.ssm]) client.destroy();
      await this.endpoint.close();
      rmSync(this.#directory, { recursive: true, force: true });
    }
  }

  async #deployedInstance() {
    const instanceIds = [...(this.shared.deployment?.instanceIds ?? [])];
    const { Reservations } = await this.ec2.send(new DescribeInstancesCommand({ InstanceIds: instanceIds }));
    const instance = Reservations?.[0]?.Instances?.[0];
    if (instance === undefined) throw new Error("no bastion is deployed: only journeys have one");
    return instance;
  }
}

/** Opens an endpoint in front of the shared moto; to be closed after the file's last test. */
export async function openTestSandbox(options: TestSandboxOptions = {}): Promise<TestSandbox> {
  const read = readShared();
  const shared = { ...read, region: options.region ?? read.region };
  const directory = mkdtempSync(join(tmpdir(), "sandbox-"));
  const faultsMet: unknown[] = [];
  const endpoint = await startEndpoint({
    moto: shared,
    credentials: shared.deployer,
    region: shared.region,
    directory,
    clock: systemClock,
    sshServer: "ssh2",
    bootMs: 0,
    onFault: (error) => {
      faultsMet.push(error);
    },
    ...options,
  });
  return new TestSandbox(endpoint, shared, directory, faultsMet);
}

function readShared(): SharedSandbox {
  const kind = expectKind();
  const text = process.env[`SHARED_SANDBOX_OF_${kind}`];
  if (text === undefined)
    throw new Error(`no sandbox was started for these tests: are they in test/${kind.toLowerCase()}?`);
  return JSON.parse(text) as SharedSandbox;
}

/** A run of both kinds has a sandbox for each. */
function expectKind(): "CONTRACTS" | "JOURNEYS" {
  return expect.getState().testPath?.includes(join("test", "journeys")) === true ? "JOURNEYS" : "CONTRACTS";
}
