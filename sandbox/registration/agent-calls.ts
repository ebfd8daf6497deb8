// The calls by which an SSM Agent registers and serves sessions, and whether policies allow them.
import { evaluate, evaluateEndpointPolicy, type AuthorizationRequest } from "../permissions/evaluate.ts";
import type { NetworkFacts, RegistrationFacts } from "./facts.ts";
import { SERVICES, type ServiceCall, type Situation, type WayOut } from "./way-out.ts";

const ACTIONS: Readonly<Record<(typeof SERVICES)[number], readonly string[]>> = {
  ssm: ["ssm:UpdateInstanceInformation"],
  ssmmessages: [
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
  ],
};

/** Who calls, from where: a situation whose network may not be known yet. */
type Agent = Omit<Situation, "network"> & Pick<RegistrationFacts, "network">;

/** Which call that registers the agent the role's policies do not allow. */
export async function findRoleFault(agent: Agent): Promise<string | undefined> {
  const { role } = agent;
  for (const action of SERVICES.flatMap((service) => ACTIONS[service])) {
    const request = requestOf(action, agent);
    const boundary = role.boundary === undefined ? "Allowed" : await evaluate([role.boundary], request);
    if (boundary !== "Allowed") return `the permissions boundary of role "${role.arn}" does not allow ${action}`;
    const verdict = await evaluate(role.policies, request);
    if (verdict === "ExplicitlyDenied") return `a policy of role "${role.arn}" denies ${action}`;
    if (verdict === "ImplicitlyDenied") return `no policy of role "${role.arn}" allows ${action}`;
  }
  return undefined;
}

/** Which call the endpoint's policy does not let through. */
export async function findEndpointPolicyFault(
  { endpoint, gateway, service }: WayOut,
  situation: Situation,
): Promise<string | undefined> {
  const passed = endpoint ?? gateway;
  if (passed === undefined) return undefined;
  const policy = { name: passed.endpointId, document: passed.policyDocument };
  for (const action of isPreferred(service) ? [situation.call?.action ?? ""] : ACTIONS[service]) {
    const request = requestOf(action, situation, { "aws:SourceVpce": passed.endpointId });
    const verdict = await evaluateEndpointPolicy(policy, request);
    if (verdict === undefined) return `the policy of "${passed.endpointId}" is none that an endpoint may have`;
    const called = `${action} of role "${situation.role.arn}"`;
    if (verdict !== "Allowed") return `the policy of "${passed.endpointId}" does not let ${called} through`;
  }
  return undefined;
}

function isPreferred(service: WayOut["service"]): service is ServiceCall["service"] {
  return service === "kms" || service === "logs" || service === "s3";
}

function requestOf(action: string, agent: Agent, endpointContext: Record<string, string> = {}): AuthorizationRequest {
  const { instanceId, region, account, role, call } = agent;
  const instanceArn = `arn:aws:ec2:${region}:${account}:instance/${instanceId}`;
  return {
    principal: `arn:aws:sts::${account}:assumed-role/${role.arn.split("/").at(-1) ?? ""}/${instanceId}`,
    action,
    resource: call?.resource ?? (action.startsWith("ssm:") ? instanceArn : "*"),
    account,
    context: {
      "aws:PrincipalArn": role.arn,
      "aws:PrincipalAccount": account,
      "aws:PrincipalType": "AssumedRole",
      "aws:userid": `${role.uniqueId}:${instanceId}`,
      "aws:RequestedRegion": region,
      "aws:SecureTransport": "true",
      "ec2:SourceInstanceARN": instanceArn,
      ...principalTags(role.tags),
      ...sourceVpc(agent.network),
      ...endpointContext,
      ...call?.context,
    },
  };
}

function principalTags(tags: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:PrincipalTag/${key}`, value]));
}

/** A request carries `aws:SourceVpc` only if it comes through an endpoint. */
function sourceVpc(network: NetworkFacts | undefined): Record<string, string> {
  return network === undefined || network.endpoints.length === 0 ? {} : { "aws:SourceVpc": network.vpcId };
}
