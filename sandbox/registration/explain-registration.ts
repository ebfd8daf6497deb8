// Would the deployed network let a real SSM Agent register? The chain of what it needs, and its first broken link.
import type { EC2Client } from "@aws-sdk/client-ec2";
import type { IAMClient } from "@aws-sdk/client-iam";
import { findEndpointPolicyFault, findRoleFault } from "./agent-calls.ts";
import type { RegistrationFacts } from "./facts.ts";
import { findAclFault, findEgressFault, findIngressFault } from "./firewalls.ts";
import { readFacts } from "./read-facts.ts";
import { findDnsFault, findWayOut, SERVICES } from "./way-out.ts";
import type { Service, ServiceCall, Situation, WayOut } from "./way-out.ts";

/** What a real agent needs, in the order in which it would miss it. */
export type Link =
  | "instance"
  | "instance-role"
  | "role-permissions"
  | "subnet"
  | "way-out"
  | "dns"
  | "instance-security-groups"
  | "endpoint-security-groups"
  | "endpoint-policy"
  | "network-acl";

export type Registration =
  | { readonly canRegister: true }
  | {
      readonly canRegister: false;
      readonly brokenLink: Link;
      /** One sentence, with the ids of what is in the way. */
      readonly explanation: string;
    };

export interface RegistrationQuestion {
  readonly ec2: EC2Client;
  readonly iam: IAMClient;
  readonly instanceId: string;
  readonly region: string;
  /** Account id. */
  readonly account: string;
}

/**
 * Tells whether the SSM Agent of an instance could register and serve sessions, judged by EC2 and IAM as they are now.
 *
 * Not modelled: IPv6, routes narrower than 0.0.0.0/0, ways through peered VPCs or transit gateways, own DNS servers, and
 * security groups that open the internet by anything else than 0.0.0.0/0.
 */
export async function explainRegistration(question: RegistrationQuestion): Promise<Registration> {
  return judgeRegistration(await readFacts(question));
}

/** The judgement, once the facts are known. */
export async function judgeRegistration(facts: RegistrationFacts): Promise<Registration> {
  const { instanceId, instance, role, network } = facts;
  if (instance === undefined) return broken("instance", `there is no instance "${instanceId}"`);
  if (instance.state !== "running") return broken("instance", `instance "${instanceId}" is ${instance.state}`);
  const profile = instance.instanceProfileArn;
  if (profile === undefined) return broken("instance-role", `instance "${instanceId}" has no instance profile`);
  if (role === undefined) return broken("instance-role", `instance profile "${profile}" is gone or has no role`);
  const roleFault = await findRoleFault({ ...facts, instance, role });
  if (roleFault !== undefined) return broken("role-permissions", roleFault);
  if (network === undefined) return broken("subnet", `instance "${instanceId}" is in no subnet`);
  return judgeNetwork({ ...facts, instance, role, network }, SERVICES);
}

/**
 * What keeps a call of an agent that is registered from reaching a service that the account's preferences need besides;
 * undefined if nothing does.
 */
export async function explainWay(question: RegistrationQuestion, call: ServiceCall): Promise<string | undefined> {
  const facts = await readFacts(question);
  const { instance, role, network } = facts;
  if (instance === undefined || role === undefined || network === undefined) return undefined; // there is no agent
  const way = await judgeNetwork({ ...facts, instance, role, network, call }, [call.service]);
  return way.canRegister ? undefined : way.explanation;
}

type FindFault = (wayOut: WayOut, situation: Situation) => string | undefined | Promise<string | undefined>;

const LINKS_OF_A_WAY: readonly (readonly [Link, FindFault])[] = [
  ["dns", findDnsFault],
  ["instance-security-groups", findEgressFault],
  ["endpoint-security-groups", findIngressFault],
  ["endpoint-policy", findEndpointPolicyFault],
  ["network-acl", findAclFault],
];

async function judgeNetwork(situation: Situation, services: readonly Service[]): Promise<Registration> {
  const waysOut: WayOut[] = [];
  for (const service of services) {
    const wayOut = findWayOut(service, situation);
    if ("missing" in wayOut) return broken("way-out", wayOut.missing);
    waysOut.push(wayOut);
  }
  for (const [link, findFault] of LINKS_OF_A_WAY) {
    for (const wayOut of waysOut) {
      const fault = await findFault(wayOut, situation);
      if (fault !== undefined) return broken(link, fault);
    }
  }
  return { canRegister: true };
}

function broken(brokenLink: Link, explanation: string): Registration {
  return { canRegister: false, brokenLink, explanation };
}
