// CloudTrail tells who reached which instance, and EventBridge tells it to whoever asked to be told.
import {
  CloudTrailClient,
  CreateTrailCommand,
  DeleteTrailCommand,
  LookupEventsCommand,
  StartLoggingCommand,
} from "@aws-sdk/client-cloudtrail";
import { EC2InstanceConnectClient, SendSSHPublicKeyCommand } from "@aws-sdk/client-ec2-instance-connect";
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateTopicCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { CreateQueueCommand, GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { SSMClient, StartSessionCommand, TerminateSessionCommand } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { Credentials } from "../../sandbox/sandbox.ts";
import { makeEd25519KeyPair } from "../../scripts/ssh/openssh-key.ts";
import { systemClock } from "../../session-manager/clock.ts";
import { OPEN_LIMIT_MS, openTestSandbox, type TestSandbox } from "../harness/test-sandbox.ts";
import { createIsolatedNetwork } from "./isolated-network.ts";

const PUBLIC_KEY = makeEd25519KeyPair("test").publicKey;
const USER = "cloud-trail-ada";
let sandbox: TestSandbox;
let cloudTrail: CloudTrailClient;
let instanceId: string;
let ada: Credentials;
/** Added to the sandbox's time, in ms. */
let shiftMs = 0;

beforeAll(async () => {
  sandbox = await openTestSandbox({ clock: { ...systemClock, now: () => systemClock.now() + shiftMs } });
  cloudTrail = new CloudTrailClient({ ...sandbox.configuration(), maxAttempts: 1 });
  ({ instanceId } = await createIsolatedNetwork(sandbox, "cloud-trail"));
  ada = await sandbox.createUser(USER, [{ Effect: "Allow", Action: "cloudtrail:LookupEvents", Resource: "*" }]);
}, OPEN_LIMIT_MS);

afterAll(async () => {
  await sandbox.close();
});

beforeEach(() => {
  shiftMs += 2_000; // two lookups a second are all that there is
});

async function lookUp(attribute: { AttributeKey: "EventName" | "Username"; AttributeValue: string }) {
  const { Events = [] } = await cloudTrail.send(new LookupEventsCommand({ LookupAttributes: [attribute] }));
  return Events.map(({ CloudTrailEvent = "{}", ...shown }) => ({
    ...shown,
    event: JSON.parse(CloudTrailEvent) as Record<string, unknown>,
  }));
}

const named = (AttributeValue: string) => lookUp({ AttributeKey: "EventName", AttributeValue });

describe("CloudTrail's event history", () => {
  it("tells of a session: who, from where, on what, and no token", async () => {
    const request = { Target: instanceId, DocumentName: "AWS-StartSSHSession", Reason: "ticket 7" };
    const { SessionId, $metadata } = await sandbox.ssm.send(new StartSessionCommand(request));
    const [newest] = await named("StartSession");
    expect(newest).toMatchObject({ Username: "deployer", EventSource: "ssm.amazonaws.com", ReadOnly: "false" });
    expect(newest?.event).toMatchObject({
      userIdentity: { type: "IAMUser", arn: "arn:aws:iam::123456789012:user/deployer", userName: "deployer" },
      sourceIPAddress: "127.0.0.1",
      awsRegion: "eu-central-1",
      requestID: $metadata.requestId,
      requestParameters: { target: instanceId, documentName: "AWS-StartSSHSession", reason: "ticket 7" },
      responseElements: { sessionId: SessionId, tokenValue: "Value hidden due to security reasons." },
    });
    await sandbox.ssm.send(new TerminateSessionCommand({ SessionId }));
    const [terminated] = await named("TerminateSession");
    expect(terminated?.event["requestParameters"]).toEqual({ sessionId: SessionId });
  });

  it("tells of a key: for which OS user, and which key", async () => {
    const client = new EC2InstanceConnectClient(sandbox.configuration());
    const key = { InstanceId: instanceId, InstanceOSUser: "ec2-user", SSHPublicKey: PUBLIC_KEY };
    await client.send(new SendSSHPublicKeyCommand(key));
    const [newest] = await named("SendSSHPublicKey");
    expect(newest?.event).toMatchObject({
      eventSource: "ec2-instance-connect.amazonaws.com",
      requestParameters: { instanceId, osUser: "ec2-user", SSHKey: { publicKey: PUBLIC_KEY } },
      responseElements: null,
    });
  });

  it("tells of a call that IAM refused, without its parameters", async () => {
    const ssm = new SSMClient(sandbox.configuration(ada));
    const refused = ssm.send(new StartSessionCommand({ Target: instanceId }));
    await expect(refused).rejects.toMatchObject({ name: "AccessDeniedException" });
    const [newest] = await lookUp({ AttributeKey: "Username", AttributeValue: USER });
    expect(newest?.event).toMatchObject({ errorCode: "AccessDenied", requestParameters: null, responseElements: null });
    expect(newest?.event["errorMessage"]).toContain(instanceId);
  });

  it("tells of a call that the service refused, with its parameters", async () => {
    const refused = sandbox.ssm.send(new StartSessionCommand({ Target: "i-0123456789abcdef0" }));
    await expect(refused).rejects.toMatchObject({ name: "TargetNotConnected" });
    const [newest] = await named("StartSession");
    expect(newest?.event).toMatchObject({
      errorCode: "TargetNotConnected",
      requestParameters: { target: "i-0123456789abcdef0" },
    });
  });

  it("tells nothing of what the sandbox does not model", async () => {
    const before = await named("StartSession");
    const unmodelled = sandbox.ssm.send(new StartSessionCommand({ Target: instanceId, DocumentName: "Own" }));
    await expect(unmodelled).rejects.toMatchObject({ name: "UnmodelledRequest" });
    expect(await named("StartSession")).toHaveLength(before.length);
  });

  it("comes in pages, the newest first, of a time that is asked for", async () => {
    shiftMs += 60_000;
    const StartTime = new Date(systemClock.now() + shiftMs - 1_000);
    const [first, second] = [
      await sandbox.ssm.send(new StartSessionCommand({ Target: instanceId })),
      await sandbox.ssm.send(new StartSessionCommand({ Target: instanceId })),
    ];
    const page = await cloudTrail.send(new LookupEventsCommand({ StartTime, MaxResults: 1 }));
    const { NextToken } = page;
    const next = await cloudTrail.send(new LookupEventsCommand({ StartTime, MaxResults: 1, NextToken }));
    const ids = [...(page.Events ?? []), ...(next.Events ?? [])].map(({ CloudTrailEvent = "{}" }) => {
      const { responseElements } = JSON.parse(CloudTrailEvent) as { responseElements: { sessionId: string } };
      return responseElements.sessionId;
    });
    expect(ids).toEqual([second.SessionId, first.SessionId]);
    expect(next.NextToken).toBeUndefined();
  });

  it("answers two lookups a second, as the service does", async () => {
    await named("StartSession");
    await named("StartSession");
    await expect(named("StartSession")).rejects.toMatchObject({ name: "ThrottlingException" });
  });
});

describe("a rule on StartSession", () => {
  let sqs: SQSClient;
  let queueUrl: string;

  beforeAll(async () => {
    sqs = new SQSClient(sandbox.configuration());
    queueUrl = await subscribedQueue();
  });

  /** A queue behind a topic behind a rule. */
  async function subscribedQueue(): Promise<string> {
    const sns = new SNSClient(sandbox.configuration());
    const events = new EventBridgeClient(sandbox.configuration());
    const { TopicArn = "" } = await sns.send(new CreateTopicCommand({ Name: "cloud-trail" }));
    const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: "cloud-trail" }));
    const asked = { QueueUrl, AttributeNames: ["QueueArn" as const] };
    const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand(asked));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: Attributes.QueueArn }));
    const EventPattern = JSON.stringify({ source: ["aws.ssm"], detail: { eventName: ["StartSession"] } });
    await events.send(new PutRuleCommand({ Name: "cloud-trail", EventPattern }));
    await events.send(new PutTargetsCommand({ Rule: "cloud-trail", Targets: [{ Id: "topic", Arn: TopicArn }] }));
    return QueueUrl;
  }

  /** Reasons of the sessions that the queue has been told of. */
  async function reasons(): Promise<unknown[]> {
    const wait = { QueueUrl: queueUrl, MaxNumberOfMessages: 10 };
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(wait));
    return Messages.map(({ Body = "{}" }) => {
      const { Message } = JSON.parse(Body) as { Message: string };
      const { detail } = JSON.parse(Message) as { detail: { requestParameters: { reason?: string } } };
      return detail.requestParameters.reason;
    });
  }

  it("tells its topic's subscribers of each session, from the moment that a trail is logging", async () => {
    await sandbox.ssm.send(new StartSessionCommand({ Target: instanceId, Reason: "no trail yet" }));
    const s3 = new S3Client({ ...sandbox.configuration(), forcePathStyle: true });
    const where = { LocationConstraint: "eu-central-1" } as const;
    await s3.send(new CreateBucketCommand({ Bucket: "cloud-trail-logs", CreateBucketConfiguration: where }));
    await sandbox.endpoint.eventBus.settled();
    const trail = { Name: "cloud-trail", S3BucketName: "cloud-trail-logs" };
    const { TrailARN } = await cloudTrail.send(new CreateTrailCommand(trail));
    await cloudTrail.send(new StartLoggingCommand({ Name: "cloud-trail" }));
    await sandbox.ssm.send(new StartSessionCommand({ Target: instanceId, Reason: "with a trail" }));
    await sandbox.endpoint.eventBus.settled();
    await expect(reasons()).resolves.toEqual(["with a trail"]);
    await cloudTrail.send(new DeleteTrailCommand({ Name: TrailARN }));
    await sandbox.ssm.send(new StartSessionCommand({ Target: instanceId, Reason: "no trail any more" }));
    await sandbox.endpoint.eventBus.settled();
    await expect(reasons()).resolves.toEqual([]);
    expect(sandbox.faultsMet).toEqual([]);
  });
});
