// IAM's policy simulator: what a role's policies say of actions, asked by whoever wants to know why an agent is offline.
import { randomUUID } from "node:crypto";
import type { IAMClient } from "@aws-sdk/client-iam";
import { AwsError } from "../endpoint/aws-error.ts";
import { listOf, type Call } from "../endpoint/call.ts";
import { escapeXml } from "../endpoint/wire-protocol.ts";
import { readRolePolicies, type PrincipalPolicies } from "../permissions/attached-policies.ts";
import { evaluate, type Verdict } from "../permissions/evaluate.ts";

export interface PolicySimulationOptions {
  readonly iam: IAMClient;
  /** Account id. */
  readonly account: string;
}

const DECISIONS: Readonly<Record<Verdict, string>> = {
  Allowed: "allowed",
  ExplicitlyDenied: "explicitDeny",
  ImplicitlyDenied: "implicitDeny",
};

/**
 * Roles only, on one resource or on all.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
 */
export class PolicySimulation {
  readonly #options: PolicySimulationOptions;

  constructor(options: PolicySimulationOptions) {
    this.#options = options;
  }

  /** @throws AwsError NoSuchEntity */
  async simulatePrincipalPolicy({ parameters }: Call): Promise<string> {
    const roleArn = parameters.get("PolicySourceArn") ?? "";
    const roleName = /:role\/(?:.*\/)?([^/]+)$/.exec(roleArn)?.[1];
    const role = roleName === undefined ? undefined : await readRolePolicies(this.#options.iam, roleName);
    if (role === undefined) throw new AwsError("NoSuchEntity", `No such role as ${roleArn}`, 404);
    const actions = listOf(parameters, "ActionNames.member");
    const [resource = "*"] = listOf(parameters, "ResourceArns.member");
    const context = contextOf(parameters);
    const results = await Promise.all(actions.map((action) => this.#result(role, { action, resource, context })));
    return `<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
      <SimulatePrincipalPolicyResult>
        <IsTruncated>false</IsTruncated>
        <EvaluationResults>${results.join("")}</EvaluationResults>
      </SimulatePrincipalPolicyResult>
      <ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata>
    </SimulatePrincipalPolicyResponse>`;
  }

  async #result(role: PrincipalPolicies, { action, resource, context }: Question): Promise<string> {
    const { account } = this.#options;
    const request = {
      principal: role.arn,
      action,
      resource,
      account,
      context: { "aws:PrincipalArn": role.arn, "aws:PrincipalAccount": account, ...context },
    };
    const boundary = role.boundary === undefined ? "Allowed" : await evaluate([role.boundary], request);
    const verdict = boundary === "Allowed" ? await evaluate(role.policies, request) : boundary;
    return `<member>
      <EvalActionName>${escapeXml(action)}</EvalActionName>
      <EvalResourceName>${escapeXml(resource)}</EvalResourceName>
      <EvalDecision>${DECISIONS[verdict]}</EvalDecision>
    </member>`;
  }
}

interface Question {
  readonly action: string;
  /** ARN, or `*`. */
  readonly resource: string;
  readonly context: Readonly<Record<string, string[]>>;
}

/** A form spells a key `ContextEntries.member.1.ContextKeyName`, its values `ContextEntries.member.1.ContextKeyValues.member.1`. */
function contextOf(parameters: URLSearchParams): Record<string, string[]> {
  const names = [...parameters].filter(([key]) => /^ContextEntries\.member\.\d+\.ContextKeyName$/.test(key));
  return Object.fromEntries(
    names.map(([key, name]) => [name, listOf(parameters, key.replace("ContextKeyName", "ContextKeyValues.member"))]),
  );
}
