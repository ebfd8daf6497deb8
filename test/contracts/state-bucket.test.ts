// S3 as Terraform's backend uses it: through the endpoint, streamed, with a lock that only one can take.
import { randomBytes } from "node:crypto";
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";

const Bucket = "contract-state";
let sandbox: TestSandbox;
let s3: S3Client;

beforeAll(async () => {
  sandbox = await openTestSandbox();
  s3 = new S3Client({ ...sandbox.configuration(), forcePathStyle: true });
  const where = { LocationConstraint: "eu-central-1" } as const;
  await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: where }));
}, OPEN_LIMIT_MS);

afterAll(async () => {
  s3.destroy();
  await sandbox.close();
});

async function read(Key: string): Promise<Uint8Array | undefined> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
  return Body?.transformToByteArray();
}

describe("an object", () => {
  it.each(["bastion/dev.tfstate", "a b/ü+&=%.txt", "with//two"])("named %j comes back as it went", async (Key) => {
    const Body = randomBytes(1_000);
    await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
    expect(Buffer.from((await read(Key)) ?? []).equals(Body)).toBe(true);
  });

  it("of 20 MiB, more than any other call may have, goes through", async () => {
    const Body = randomBytes(20 * 1024 * 1024);
    await s3.send(new PutObjectCommand({ Bucket, Key: "large", Body }));
    expect(Buffer.from((await read("large")) ?? []).equals(Body)).toBe(true);
  });

  it("that is missing fails with NoSuchKey", async () => {
    await expect(read("missing")).rejects.toMatchObject({ name: "NoSuchKey" });
  });
});

describe("a request that pretends to be the sandbox's own", () => {
  it("is an ordinary call, and learns no secret key", async () => {
    const client = new S3Client({ ...sandbox.configuration(), forcePathStyle: true });
    client.middlewareStack.add(
      (next) => (command) => {
        const { headers } = command.request as { headers: Record<string, string> };
        headers["x-sandbox-access-key"] = sandbox.shared.deployer.accessKeyId;
        return next(command);
      },
      { step: "build", name: "pretend" },
    );
    const { Buckets } = await client.send(new ListBucketsCommand({}));
    expect(Buckets?.map(({ Name }) => Name)).toContain(Bucket);
  });
});

describe("a lock file", () => {
  it("can be taken by one only, until it is given back", async () => {
    const lock = { Bucket, Key: "bastion/dev.tfstate.tflock", Body: "{}", IfNoneMatch: "*" };
    await s3.send(new PutObjectCommand(lock));
    await expect(s3.send(new PutObjectCommand(lock))).rejects.toMatchObject({ name: "PreconditionFailed" });
    await s3.send(new DeleteObjectCommand({ Bucket, Key: lock.Key }));
    await expect(s3.send(new PutObjectCommand(lock))).resolves.toBeDefined();
  });
});

describe("a list of objects", () => {
  it("with a prefix that must be encoded is signed as it is sent", async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: "p q/1", Body: "1" }));
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: "p q/", Delimiter: "~*'()!" }));
    expect(Contents?.map(({ Key }) => Key)).toEqual(["p q/1"]);
  });
});

describe("a bucket's policy", () => {
  /** What becomes of an object for everybody, when a policy denies it under a condition. */
  async function deny(condition: object): Promise<unknown> {
    const name = `contract-policy-${randomBytes(4).toString("hex")}`;
    const where = { LocationConstraint: "eu-central-1" } as const;
    await s3.send(new CreateBucketCommand({ Bucket: name, CreateBucketConfiguration: where }));
    const Resource = [`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`];
    const Statement = [{ Effect: "Deny", Principal: "*", Action: "s3:*", Resource, ...condition }];
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
    await s3.send(new PutBucketPolicyCommand({ Bucket: name, Policy }));
    return s3.send(new PutObjectCommand({ Bucket: name, Key: "state", Body: "{}" })).then(
      () => "allowed",
      (error: unknown) => (error as Error & { $metadata: { httpStatusCode: number } }).$metadata.httpStatusCode,
    );
  }

  it.each([
    ["plain HTTP", { Bool: { "aws:SecureTransport": "false" } }],
    ["TLS before 1.2", { NumericLessThan: { "s3:TlsVersion": "1.2" } }],
  ])("that denies %s denies nothing here: loopback stands for TLS", async (_name, Condition) => {
    await expect(deny({ Condition })).resolves.toBe("allowed");
  });

  it.each([
    ["everything", {}],
    ["TLS", { Condition: { Bool: { "aws:SecureTransport": "true" } } }],
    ["under a condition that the sandbox does not weigh", { Condition: { StringLike: { "aws:userid": "nobody" } } }],
  ])("that denies %s is obeyed", async (_name, condition) => {
    await expect(deny(condition)).resolves.toBe(403);
  });
});
