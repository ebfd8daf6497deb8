// AWS's answers to requests whose signature it does not accept, in each service's own words.
import { DescribeInstancesCommand, EC2Client } from "@aws-sdk/client-ec2";
import {
  CreateRoleCommand,
  DeleteAccessKeyCommand,
  IAMClient,
  ListUsersCommand,
  UpdateAccessKeyCommand,
} from "@aws-sdk/client-iam";
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { DescribeSessionsCommand, SSMClient } from "@aws-sdk/client-ssm";
import { AssumeRoleCommand, GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { Credentials } from "../../sandbox/sandbox.ts";
import { ShiftedClock } from "../harness/shifted-clock.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";

const HOUR_MS = 3_600_000;

const clock = new ShiftedClock();
let sandbox: TestSandbox;

beforeAll(async () => {
  sandbox = await openTestSandbox({ clock });
}, OPEN_LIMIT_MS);

beforeEach(() => {
  clock.offsetMs = 0;
});

afterAll(async () => {
  await sandbox.close();
});

type Call = (configuration: ReturnType<TestSandbox["configuration"]>) => Promise<unknown>;

/** A harmless call in each protocol. */
const calls: Record<string, Call> = {
  ec2: (configuration) => new EC2Client(configuration).send(new DescribeInstancesCommand({})),
  iam: (configuration) => new IAMClient(configuration).send(new ListUsersCommand({})),
  s3: (configuration) => new S3Client({ ...configuration, forcePathStyle: true }).send(new ListBucketsCommand({})),
  ssm: (configuration) => new SSMClient(configuration).send(new DescribeSessionsCommand({ State: "Active" })),
};

/** Name of the error that the call meets. */
async function refusal(service: string, credentials: Credentials & { sessionToken?: string }): Promise<string> {
  const call = calls[service];
  if (call === undefined) throw new RangeError(service);
  return call({ ...sandbox.configuration(credentials), maxAttempts: 1 }).then(
    () => "none",
    (error: unknown) => (error as Error).name,
  );
}

describe("a request signed with a wrong secret key", () => {
  it.each([
    ["ec2", "AuthFailure"],
    ["iam", "SignatureDoesNotMatch"],
    ["s3", "SignatureDoesNotMatch"],
    ["ssm", "InvalidSignatureException"],
  ])("fails at %s with %s", async (service, name) => {
    const { accessKeyId } = sandbox.shared.deployer;
    expect(await refusal(service, { accessKeyId, secretAccessKey: "wrong" })).toBe(name);
  });
});

describe("a request with an access key that there is not", () => {
  it.each([
    ["ec2", "AuthFailure"],
    ["iam", "InvalidClientTokenId"],
    ["s3", "InvalidAccessKeyId"],
    ["ssm", "UnrecognizedClientException"],
  ])("fails at %s with %s", async (service, name) => {
    const credentials = { accessKeyId: "AKIA0000000000000000", secretAccessKey: "any" };
    expect(await refusal(service, credentials)).toBe(name);
  });
});

describe("an access key", () => {
  const statements = [{ Effect: "Allow", Action: "ssm:DescribeSessions", Resource: "*" }];

  it("is void as soon as it is deactivated", async () => {
    const key = await sandbox.createUser("deactivated", statements);
    expect(await refusal("ssm", key)).toBe("none");
    const AccessKeyId = key.accessKeyId;
    await sandbox.iam.send(new UpdateAccessKeyCommand({ UserName: "deactivated", AccessKeyId, Status: "Inactive" }));
    expect(await refusal("ssm", key)).toBe("UnrecognizedClientException");
  });

  it("is void as soon as it is deleted", async () => {
    const key = await sandbox.createUser("deleted", statements);
    await sandbox.iam.send(new DeleteAccessKeyCommand({ UserName: "deleted", AccessKeyId: key.accessKeyId }));
    expect(await refusal("ssm", key)).toBe("UnrecognizedClientException");
  });
});

describe("a request without a signature", () => {
  it("fails with MissingAuthenticationTokenException where the protocol is json", async () => {
    const response = await fetch(sandbox.endpoint.url, {
      method: "POST",
      headers: { "x-amz-target": "AmazonSSM.StartSession" },
      body: "{}",
    });
    expect(await response.json()).toMatchObject({ __type: "MissingAuthenticationTokenException" });
  });

  it("fails with MissingAuthenticationToken where the protocol is query", async () => {
    const response = await fetch(sandbox.endpoint.url, {
      method: "POST",
      body: new URLSearchParams({ Action: "GetCallerIdentity", Version: "2011-06-15" }),
    });
    expect(await response.text()).toContain("<Code>MissingAuthenticationToken</Code>");
  });

  it("cannot reach moto behind the endpoint", async () => {
    const response = await fetch(sandbox.shared.url, {
      method: "POST",
      body: new URLSearchParams({ Action: "ListUsers", Version: "2010-05-08" }),
    });
    expect(response.status).toBe(403);
  });
});

describe("a clock that is wrong by an hour", () => {
  it.each(["ec2", "iam", "s3", "ssm"])("is corrected by the SDK from the answer of %s", async (service) => {
    for (const offsetMs of [HOUR_MS, -HOUR_MS]) {
      clock.offsetMs = offsetMs;
      await expect(calls[service]?.(sandbox.configuration())).resolves.toBeDefined();
    }
  });

  it.each([
    ["ec2", "RequestExpired"],
    ["iam", "SignatureDoesNotMatch"],
    ["s3", "RequestTimeTooSkewed"],
    ["ssm", "InvalidSignatureException"],
  ])("fails at %s with %s if nobody corrects it", async (service, name) => {
    clock.offsetMs = HOUR_MS;
    expect(await refusal(service, sandbox.shared.deployer)).toBe(name);
  });
});

describe("the credentials of an assumed role", () => {
  async function assume(): Promise<Required<Credentials> & { sessionToken: string }> {
    const trust = { Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" };
    const document = JSON.stringify({ Version: "2012-10-17", Statement: [trust] });
    const role = await sandbox.iam
      .send(new CreateRoleCommand({ RoleName: "assumed", AssumeRolePolicyDocument: document }))
      .catch(() => undefined); // made by the test before
    const RoleArn = role?.Role?.Arn ?? "arn:aws:iam::123456789012:role/assumed";
    const sts = new STSClient(sandbox.configuration());
    const request = { RoleArn, RoleSessionName: "grace", DurationSeconds: 900 };
    const { Credentials } = await sts.send(new AssumeRoleCommand(request));
    return {
      accessKeyId: Credentials?.AccessKeyId ?? "",
      secretAccessKey: Credentials?.SecretAccessKey ?? "",
      sessionToken: Credentials?.SessionToken ?? "",
    };
  }

  it("are the role session's", async () => {
    const sts = new STSClient(sandbox.configuration(await assume()));
    const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
    expect(Arn).toBe("arn:aws:sts::123456789012:assumed-role/assumed/grace");
  });

  it("fail without their session token", async () => {
    const { accessKeyId, secretAccessKey } = await assume();
    expect(await refusal("ssm", { accessKeyId, secretAccessKey })).toBe("UnrecognizedClientException");
  });

  it.each([
    ["ec2", "RequestExpired"],
    ["iam", "ExpiredToken"],
    ["s3", "ExpiredToken"],
    ["ssm", "ExpiredTokenException"],
  ])("fail at %s with %s when their time is over", async (service, name) => {
    const credentials = await assume();
    clock.offsetMs = 16 * 60_000;
    const call = calls[service]?.({ ...sandbox.configuration(credentials), maxAttempts: 2 });
    await expect(call).rejects.toMatchObject({ name });
  });
});

describe("the credentials of GetSessionToken", () => {
  it("are the user's own until they expire", async () => {
    const key = await sandbox.createUser("of-a-session", [{ Effect: "Deny", Action: "*", Resource: "*" }]);
    const sts = new STSClient(sandbox.configuration(key));
    const { Credentials } = await sts.send(new GetSessionTokenCommand({ DurationSeconds: 900 }));
    const credentials = {
      accessKeyId: Credentials?.AccessKeyId ?? "",
      secretAccessKey: Credentials?.SecretAccessKey ?? "",
      sessionToken: Credentials?.SessionToken ?? "",
    };
    const session = new STSClient(sandbox.configuration(credentials));
    const { Arn } = await session.send(new GetCallerIdentityCommand({}));
    expect(Arn).toBe("arn:aws:iam::123456789012:user/of-a-session");
    const again = session.send(new GetSessionTokenCommand({}));
    await expect(again).rejects.toMatchObject({ name: "AccessDenied" });
    clock.offsetMs = 16 * 60_000;
    await expect(session.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ name: "ExpiredToken" });
  });

  it("are others each time", async () => {
    const sts = new STSClient(sandbox.configuration());
    const [first, second] = [
      await sts.send(new GetSessionTokenCommand({})),
      await sts.send(new GetSessionTokenCommand({})),
    ];
    expect(first.Credentials?.AccessKeyId).not.toBe(second.Credentials?.AccessKeyId);
  });
});
