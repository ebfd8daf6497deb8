// What doctor asks of IAM, Systems Manager and STS about an instance's SSM Agent, and about whoever asks.
import { GetInstanceProfileCommand, IAMClient, SimulatePrincipalPolicyCommand } from "@aws-sdk/client-iam";
import { DescribeInstancesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { DescribeInstanceInformationCommand, SSMClient } from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import type { NodeFacts, RoleFacts } from "../command/network-facts.ts";
import { type ClientSettings, calling, clientConfiguration } from "./client-settings.ts";

/** How far this computer's clock is behind AWS's, in ms, to the second. */
export async function readClockOffset(settings: ClientSettings): Promise<number> {
  const client = new STSClient(clientConfiguration(settings));
  let offsetMs = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { headers = {} } = result.response as { readonly headers?: Record<string, string> };
      const dateMs = Date.parse(headers["date"] ?? "");
      if (!Number.isNaN(dateMs)) offsetMs = dateMs - settings.clock.now();
      return result;
    },
    { step: "deserialize", name: "readDate", priority: "low" },
  );
  await calling("sts:GetCallerIdentity", undefined, settings, () => client.send(new GetCallerIdentityCommand({})));
  return offsetMs;
}

/** What Systems Manager knows of the instance; undefined if its agent has never registered. */
export async function readNodeFacts(instanceId: string, settings: ClientSettings): Promise<NodeFacts | undefined> {
  const client = new SSMClient(clientConfiguration(settings));
  settings.logCalls(client.middlewareStack);
  const command = new DescribeInstanceInformationCommand({ Filters: [{ Key: "InstanceIds", Values: [instanceId] }] });
  const { InstanceInformationList } = await calling("ssm:DescribeInstanceInformation", undefined, settings, () =>
    client.send(command),
  );
  const [node] = InstanceInformationList ?? [];
  if (node === undefined) return undefined;
  const { PingStatus = "", AgentVersion = "", LastPingDateTime } = node;
  return { pingStatus: PingStatus, agentVersion: AgentVersion, lastPingMs: LastPingDateTime?.getTime() ?? 0 };
}

/** The instance's role, and which of the actions its policies refuse. */
export async function readRoleFacts(
  instanceId: string,
  actions: readonly string[],
  settings: ClientSettings,
): Promise<RoleFacts> {
  const ec2 = new EC2Client(clientConfiguration(settings));
  const iam = new IAMClient(clientConfiguration(settings));
  settings.logCalls(ec2.middlewareStack);
  settings.logCalls(iam.middlewareStack);
  const describe = new DescribeInstancesCommand({ Filters: [{ Name: "instance-id", Values: [instanceId] }] });
  const { Reservations } = await calling("ec2:DescribeInstances", instanceId, settings, () => ec2.send(describe));
  const profileArn = Reservations?.[0]?.Instances?.[0]?.IamInstanceProfile?.Arn;
  if (profileArn === undefined) return { profileArn, roleArn: undefined, refusedActions: [] };
  const roleArn = await readRoleArn(profileArn, iam, settings);
  if (roleArn === undefined) return { profileArn, roleArn, refusedActions: [] };
  const [, partition = "aws", , , account = ""] = profileArn.split(":");
  const instanceArn = `arn:${partition}:ec2:${settings.region}:${account}:instance/${instanceId}`;
  const refusedActions = await simulate({ roleArn, actions, instanceArn }, iam).catch(() => undefined);
  return { profileArn, roleArn, refusedActions };
}

async function readRoleArn(profileArn: string, iam: IAMClient, settings: ClientSettings): Promise<string | undefined> {
  const command = new GetInstanceProfileCommand({ InstanceProfileName: profileArn.split("/").at(-1) ?? "" });
  const answer = await calling("iam:GetInstanceProfile", profileArn, settings, () => iam.send(command)).catch(
    (error: unknown) => {
      if (error instanceof Error && error.name === "NoSuchEntityException") return undefined;
      throw error;
    },
  );
  return answer?.InstanceProfile?.Roles?.[0]?.Arn;
}

interface Simulation {
  readonly roleArn: string;
  readonly actions: readonly string[];
  readonly instanceArn: string;
}

/** Actions of ssm are on the instance, and a policy may say so; those of ssmmessages know no resource. */
async function simulate({ roleArn, actions, instanceArn }: Simulation, iam: IAMClient): Promise<string[]> {
  const onInstance = actions.filter((action) => action.startsWith("ssm:"));
  const onNothing = actions.filter((action) => !onInstance.includes(action));
  const commands = [
    new SimulatePrincipalPolicyCommand({
      PolicySourceArn: roleArn,
      ActionNames: onInstance,
      ResourceArns: [instanceArn],
      ContextEntries: [
        { ContextKeyName: "ec2:SourceInstanceARN", ContextKeyType: "string", ContextKeyValues: [instanceArn] },
      ],
    }),
    new SimulatePrincipalPolicyCommand({ PolicySourceArn: roleArn, ActionNames: onNothing }),
  ];
  const answers = await Promise.all(commands.map((command) => iam.send(command)));
  const results = answers.flatMap(({ EvaluationResults = [] }) => EvaluationResults);
  const refused = results.filter(({ EvalDecision }) => EvalDecision !== "allowed");
  return refused.map(({ EvalActionName = "" }) => EvalActionName);
}
