// The AWS SDK's clients for the sandbox's own questions to moto, past the endpoint and its checks.
import { EC2Client } from "@aws-sdk/client-ec2";
import { IAMClient } from "@aws-sdk/client-iam";
import { SECRET_HEADER, type MotoAddress } from "./moto.ts";

export interface MotoClients {
  readonly ec2: EC2Client;
  readonly iam: IAMClient;
}

const STEP = { step: "build", name: "sandboxSecret" } as const;

/** moto checks no signature, so the keys are of no account; the secret is what it looks at. */
export function motoClients({ url, secret }: MotoAddress, region: string): MotoClients {
  const configuration = { endpoint: url, region, credentials: { accessKeyId: "sandbox", secretAccessKey: "sandbox" } };
  const ec2 = new EC2Client(configuration);
  const iam = new IAMClient(configuration);
  ec2.middlewareStack.add((next) => (command) => next(withSecret(command, secret)), STEP);
  iam.middlewareStack.add((next) => (command) => next(withSecret(command, secret)), STEP);
  return { ec2, iam };
}

function withSecret<Command extends { request: unknown }>(command: Command, secret: string): Command {
  (command.request as { headers: Record<string, string> }).headers[SECRET_HEADER] = secret;
  return command;
}
