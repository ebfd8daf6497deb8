// The AWS SDK's clients for the sandbox's own questions to moto, past the endpoint and its checks.
import { CloudTrailClient } from "@aws-sdk/client-cloudtrail";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { EC2Client } from "@aws-sdk/client-ec2";
import { ElastiCacheClient } from "@aws-sdk/client-elasticache";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { IAMClient } from "@aws-sdk/client-iam";
import { KMSClient } from "@aws-sdk/client-kms";
import { RDSClient } from "@aws-sdk/client-rds";
import { S3Client } from "@aws-sdk/client-s3";
import { SSMClient } from "@aws-sdk/client-ssm";
import { SECRET_HEADER, type MotoAddress } from "./moto.ts";

export interface MotoClients {
  readonly cloudTrail: CloudTrailClient;
  readonly ec2: EC2Client;
  readonly elastiCache: ElastiCacheClient;
  readonly eventBridge: EventBridgeClient;
  readonly iam: IAMClient;
  readonly kms: KMSClient;
  readonly logs: CloudWatchLogsClient;
  readonly rds: RDSClient;
  readonly s3: S3Client;
  readonly ssm: SSMClient;
}

const STEP = { step: "build", name: "sandboxSecret" } as const;

/** moto checks no signature, so the keys are of no account; the secret is what it looks at. */
export function motoClients({ url, secret }: MotoAddress, region: string): MotoClients {
  const configuration = { endpoint: url, region, credentials: { accessKeyId: "sandbox", secretAccessKey: "sandbox" } };
  const clients = {
    cloudTrail: new CloudTrailClient(configuration),
    ec2: new EC2Client(configuration),
    elastiCache: new ElastiCacheClient(configuration),
    eventBridge: new EventBridgeClient(configuration),
    iam: new IAMClient(configuration),
    kms: new KMSClient(configuration),
    logs: new CloudWatchLogsClient(configuration),
    rds: new RDSClient(configuration),
    s3: new S3Client({ ...configuration, forcePathStyle: true }),
    ssm: new SSMClient(configuration),
  };
  for (const { middlewareStack } of Object.values(clients) as { middlewareStack: AnyStack }[])
    middlewareStack.add((next) => (command) => next(withSecret(command, secret)), STEP);
  return clients;
}

/** What the clients' stacks have in common. */
type AnyStack = EC2Client["middlewareStack"];

function withSecret<Command extends { request: unknown }>(command: Command, secret: string): Command {
  (command.request as { headers: Record<string, string> }).headers[SECRET_HEADER] = secret;
  return command;
}
