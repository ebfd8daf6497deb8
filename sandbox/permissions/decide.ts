// May this caller make this call? IAM's decision, from the policies that moto holds for the caller.
import type { IAMClient } from "@aws-sdk/client-iam";
import type { Clock } from "../../session-manager/clock.ts";
import { readRolePolicies, readUserPolicies, type PrincipalPolicies } from "./attached-policies.ts";
import { waysToAllow, type Call, type ResourceUse } from "./calls.ts";
import { evaluate, type ConditionContext, type Verdict } from "./evaluate.ts";

/** Who signed the call. */
export interface Caller {
  readonly type: "User" | "AssumedRole";
  /** Of the user, or of the role. */
  readonly name: string;
  readonly arn: string;
  /** `aws:userid` */
  readonly userId: string;
}

export interface DecisionRequest {
  /** Reads the caller's policies. */
  readonly iam: IAMClient;
  readonly clock: Clock;
  readonly region: string;
  readonly caller: Caller;
  readonly call: Call;
}

/** The explanation is in AWS's own words, which name caller, action, resource and the kind of policy. */
export type Decision = { readonly allowed: true } | { readonly allowed: false; readonly explanation: string };

/** Decides on a call of a user or of an assumed role. Session policies and service control policies are not modelled. */
export async function decide({ iam, clock, region, caller, call }: DecisionRequest): Promise<Decision> {
  if (call.action === "sts:GetCallerIdentity") return { allowed: true }; // whatever the policies say
  const read = caller.type === "User" ? readUserPolicies : readRolePolicies;
  const principal = (await read(iam, caller.name)) ?? deleted(caller);
  return decideByPolicies({ principal, caller, call, region, nowMs: clock.now() });
}

export interface PolicyQuestion {
  readonly principal: PrincipalPolicies;
  readonly caller: Caller;
  readonly call: Call;
  readonly region: string;
  /** Milliseconds since 1970 UTC. */
  readonly nowMs: number;
}

/** The decision, once the policies are known. */
export async function decideByPolicies(question: PolicyQuestion): Promise<Decision> {
  let decision: Decision = { allowed: true };
  for (const uses of waysToAllow(question.call, { region: question.region, account: accountOf(question.caller) })) {
    decision = await decideOnEach(uses, question);
    if (decision.allowed) break;
  }
  return decision;
}

async function decideOnEach(uses: readonly ResourceUse[], question: PolicyQuestion): Promise<Decision> {
  for (const use of uses) {
    const because = await refusal(use, question);
    if (because !== undefined) {
      const resource = use.resource === "*" ? "" : ` on resource: ${use.resource}`;
      const action = `perform: ${question.call.action}${resource}`;
      return { allowed: false, explanation: `User: ${question.caller.arn} is not authorized to ${action} ${because}` };
    }
  }
  return { allowed: true };
}

/** Why the caller may not; undefined if it may. */
async function refusal(
  { resource, context, resourcePolicy }: ResourceUse,
  question: PolicyQuestion,
): Promise<string | undefined> {
  const { principal, caller, call } = question;
  const request = {
    principal: caller.arn,
    action: call.action,
    resource,
    account: accountOf(caller),
    context: { ...callerContext(question), ...context },
    resourcePolicy,
  };
  const byBoundary = principal.boundary === undefined ? "Allowed" : await evaluate([principal.boundary], request);
  const byPolicies = await evaluate(principal.policies, request);
  const kinds = [
    { verdict: byPolicies, one: "an identity-based policy", no: "no identity-based policy" },
    { verdict: byBoundary, one: "a permissions boundary", no: "no permissions boundary" },
  ];
  const isVerdict = (verdict: Verdict) => (kind: (typeof kinds)[number]) => kind.verdict === verdict;
  const denying = kinds.find(isVerdict("ExplicitlyDenied"));
  if (denying !== undefined) return `with an explicit deny in ${denying.one}`;
  const silent = kinds.find(isVerdict("ImplicitlyDenied"));
  return silent && `because ${silent.no} allows the ${call.action} action`;
}

/** Condition keys that say who calls, and when; `aws:username` exists for users only. */
function callerContext({ principal, caller, region, nowMs }: PolicyQuestion): ConditionContext {
  const tags = Object.entries(principal.tags).map(([key, value]) => [`aws:PrincipalTag/${key}`, value]);
  return {
    "aws:PrincipalArn": principal.arn,
    "aws:PrincipalAccount": accountOf(caller),
    "aws:PrincipalType": caller.type,
    "aws:userid": caller.userId,
    ...(caller.type === "User" ? { "aws:username": caller.name } : { "aws:MultiFactorAuthPresent": "false" }),
    "aws:RequestedRegion": region,
    "aws:SourceIp": "127.0.0.1",
    "aws:SecureTransport": "true", // as it is on AWS; loopback needs none
    "aws:CurrentTime": new Date(nowMs).toISOString(),
    "aws:EpochTime": String(Math.floor(nowMs / 1_000)),
    ...(Object.fromEntries(tags) as Record<string, string>),
  };
}

/** A role's credentials outlive the role, but nothing allows them anything any more. */
function deleted({ arn, userId }: Caller): PrincipalPolicies {
  return { arn, uniqueId: userId, policies: [], boundary: undefined, tags: {} };
}

function accountOf({ arn }: Caller): string {
  return arn.split(":")[4] ?? "";
}
