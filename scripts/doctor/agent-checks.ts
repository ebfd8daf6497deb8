// What must hold for the instance's SSM Agent to be connected; where it is, nothing that leads there can be broken.
import { agentSupports } from "../../session-manager/sessions/version-gates.ts";
import type { CommandContext } from "../command/command-context.ts";
import type { NodeFacts, RoleFacts } from "../command/network-facts.ts";
import type { Instance } from "../command/aws-ports.ts";
import { AGENT_ACTIONS } from "./agent-calls.ts";
import { type Check, type Finding, broken, ok, unsure } from "./check.ts";
import { type NetworkFindings, judgeNetwork } from "./judge-network.ts";
import { describeRange, nextAttempt } from "./next-attempt.ts";
import type { Patient } from "./patient.ts";

const NETWORK_LINKS: readonly (keyof NetworkFindings)[] = [
  "way out",
  "dns",
  "instance security groups",
  "endpoint security groups",
  "endpoint policies",
  "network acls",
];

/** Instance, then what its agent needs, in the order in which it would miss it, then the agent. */
export function agentChecks(patient: Patient, { aws }: Pick<CommandContext, "aws">): Check[] {
  const isConnected = once(async () => {
    const { instanceId } = await patient.instance();
    return (await aws.connectionStatus(instanceId)) === "connected";
  });
  const role = once(async () => {
    const { instanceId } = await patient.instance();
    return aws.roleFacts(instanceId, Object.values(AGENT_ACTIONS).flat());
  });
  const network = once(async () => {
    const facts = await aws.networkFacts((await patient.instance()).instanceId);
    const { roleArn = "" } = await role();
    return facts === undefined ? undefined : judgeNetwork({ network: facts, region: aws.region, roleArn });
  });
  const unlessConnected = (examine: () => Promise<Finding>) => async (): Promise<Finding> =>
    (await isConnected()) ? ok("the agent is connected") : examine();
  return [
    { name: "instance", examine: async () => judgeInstance(await patient.instance(), aws.region) },
    { name: "role", examine: unlessConnected(async () => judgeRole(await role())) },
    { name: "role permissions", examine: unlessConnected(async () => judgePermissions(await role())) },
    ...NETWORK_LINKS.map((name) => ({
      name,
      examine: unlessConnected(async () => (await network())?.[name] ?? broken("the instance is in no subnet", "")),
    })),
    {
      name: "agent",
      async examine() {
        const instance = await patient.instance();
        if (!(await isConnected())) return judgeAgent(instance, await aws.nodeFacts(instance.instanceId), false);
        // Who may not ask for its version may well use it.
        const node = await aws.nodeFacts(instance.instanceId).catch(() => undefined);
        return judgeAgent(instance, node, true);
      },
    },
  ];
}

/** Whether it runs. */
export function judgeInstance(instance: Instance, region: string): Finding {
  const { instanceId, state, instanceType, availabilityZone } = instance;
  if (state === "running") return ok(`${instanceId}, ${instanceType} in ${availabilityZone}, runs`);
  if (state === "pending") return unsure(`${instanceId} is starting`);
  return broken(`${instanceId} is ${state}`, `aws ec2 start-instances --region ${region} --instance-ids ${instanceId}`);
}

/** Whether there is one. */
export function judgeRole({ profileArn, roleArn }: RoleFacts): Finding {
  const cure = "give it the role of the stack: npx cdktf deploy";
  if (profileArn === undefined) return broken("the instance has no instance profile", cure);
  if (roleArn === undefined) return broken(`instance profile ${profileArn} is gone, or has no role`, cure);
  return ok(roleArn);
}

/** Whether its policies let the agent work. */
export function judgePermissions({ roleArn = "", refusedActions }: RoleFacts): Finding {
  if (refusedActions === undefined) {
    return unsure("cannot look: whether the role's policies suffice takes iam:SimulatePrincipalPolicy");
  }
  const [refused] = refusedActions;
  if (refused === undefined) return ok("its policies let the agent register and serve sessions");
  return broken(
    `role ${roleArn} may not call ${refusedActions.join(", ")}`,
    `allow ${refused} in a policy of the role and in its permissions boundary, or deploy the stack again: npx cdktf deploy`,
  );
}

/** Whether it is connected; behind all links that hold, it can only sleep or hang. */
export function judgeAgent(instance: Instance, node: NodeFacts | undefined, isConnected: boolean): Finding {
  const { instanceId } = instance;
  if (isConnected) return node === undefined ? ok("connected") : judgeVersion(node);
  const cure = `reboot it: ./scripts/connect.ts ${instanceId} --reboot`;
  if (node !== undefined) {
    const since = new Date(node.lastPingMs).toISOString();
    return broken(`all that it needs is there, but it is ${node.pingStatus}, heard of last at ${since}`, cure);
  }
  const next = describeRange(nextAttempt(instance.ageMs));
  const met = `it has never registered, though all that it needs is there now; it tries again ${next}`;
  return broken(`${met}, unless the instance was rebooted meanwhile`, `wait, or ${cure}`);
}

/** An agent that cannot leave keep-alive frames out keeps a forwarded port's session open for ever. */
function judgeVersion({ agentVersion, pingStatus }: NodeFacts): Finding {
  const evidence = `connected, version ${agentVersion}, ping status ${pingStatus}`;
  if (agentSupports("keepAliveOff", agentVersion)) return ok(evidence);
  return unsure(
    `${evidence}: old, sessions of forwarded ports do not end by themselves`,
    "update it: aws ssm send-command --document-name AWS-UpdateSSMAgent",
  );
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
