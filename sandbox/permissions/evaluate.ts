// One question to IAM's rules: do these policies allow this request? Answered by @cloud-copilot/iam-simulate.
import { createValidatedPolicy } from "@cloud-copilot/iam-policy";
import {
  runSimulation,
  runUnsafeSimulation,
  type EvaluationResult,
  type Simulation,
} from "@cloud-copilot/iam-simulate";

/** A policy document and the name it is known by. */
export interface Policy {
  readonly name: string;
  /** As `JSON.parse` gives it. */
  readonly document: unknown;
}

/** Condition keys and their values; the keys' case does not matter. */
export type ConditionContext = Readonly<Record<string, string | string[]>>;

export interface AuthorizationRequest {
  /** ARN of the user, or of the role's session. */
  readonly principal: string;
  /** E.g. `ssm:StartSession`. */
  readonly action: string;
  /** ARN, or `*` for an action that knows no resource. */
  readonly resource: string;
  /** Account id of the resource's owner. */
  readonly account: string;
  readonly context: ConditionContext;
  /** The resource's own policy, as `JSON.parse` gives it; undefined where it has none. */
  readonly resourcePolicy?: unknown;
}

/** As IAM decides within one account: allowed by some statement, denied by one, or by the lack of any. */
export type Verdict = EvaluationResult;

/** Stands for all of a kind (`db:*`), so that only a pattern fits it, and no name of one of them. */
const ALL_OF_A_KIND = "~";

/** What the policies of a user or a role say, all of them together; a permissions boundary is asked the same way. */
export async function evaluate(policies: readonly Policy[], request: AuthorizationRequest): Promise<Verdict> {
  const resource = request.resource.replace(/:\*$/, `:${ALL_OF_A_KIND}`);
  const simulation = simulationOf(policies, { ...request, resource });
  if (resource.length > 1 && resource.includes("*")) return "ImplicitlyDenied"; // names no one thing
  // The library's checks know nothing of documents without an account, of ec2:osuser, or of sessions as resources of
  // ssmmessages:OpenDataChannel, all of which AWS takes; but only with them does "*" mean "an action without resource".
  // Nor do they know of any key of an encryption context.
  if (resource !== "*") return runUnsafeSimulation(simulation, {});
  return verdictOf(await runSimulation(simulation, {}));
}

/**
 * What a VPC endpoint's policy says.
 *
 * @returns undefined if it is no policy that an endpoint may have
 */
export async function evaluateEndpointPolicy(
  policy: Policy,
  request: AuthorizationRequest,
): Promise<Verdict | undefined> {
  const document = forEveryone(policy.document, request);
  const vpcEndpointPolicies = [{ name: policy.name, policy: document }];
  // What a key's own policy says is asked elsewhere; without one, nothing at all would be allowed on a key.
  const resourcePolicy = request.action.startsWith("kms:") ? openTo(request.account) : undefined;
  const simulation = simulationOf([EVERYTHING], { ...request, resourcePolicy });
  const results = await runSimulation({ ...simulation, vpcEndpointPolicies }, {});
  if (results.resultType === "error") return undefined;
  if (resourcePolicy === undefined) return results.overallResult;
  // The library takes no key of an encryption context with an endpoint's policy; with an identity's it does.
  return evaluate([{ name: policy.name, document: withoutPrincipals(document) }], { ...request, resourcePolicy });
}

const EVERYTHING: Policy = {
  name: "everything",
  document: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] },
};

/** Without a name the library stumbles over a resource's policy. */
function asValidated(document: unknown): unknown {
  return createValidatedPolicy(document, () => [], { name: "resource policy" });
}

/** KMS's own default for a key. */
function openTo(account: string): unknown {
  const Principal = { AWS: `arn:aws:iam::${account}:root` };
  return { Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal, Action: "kms:*", Resource: "*" }] };
}

function simulationOf(policies: readonly Policy[], request: AuthorizationRequest): Simulation {
  const { principal, action, resource, account, context, resourcePolicy } = request;
  return {
    request: { principal, action, resource: { resource, accountId: account }, contextVariables: { ...context } },
    identityPolicies: policies.map(({ name, document }) => ({ name, policy: document })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    ...(resourcePolicy === undefined ? {} : { resourcePolicy: asValidated(resourcePolicy) }),
  };
}

function verdictOf(results: Awaited<ReturnType<typeof runSimulation>>): Verdict {
  if (results.resultType !== "error") return results.overallResult;
  throw new TypeError(`cannot evaluate policies: ${JSON.stringify(results.errors)}`);
}

interface Statement {
  readonly Principal?: unknown;
}

interface PolicyDocument {
  readonly Statement?: Statement | readonly Statement[];
}

const statementsOf = ({ Statement }: PolicyDocument): readonly Statement[] => [Statement ?? []].flat();

/** As an identity's policy, which knows no principals. */
function withoutPrincipals(policy: PolicyDocument): PolicyDocument {
  return { ...policy, Statement: statementsOf(policy).map((each) => ({ ...each, Principal: undefined })) };
}

/**
 * The policy without the statements that speak of other principals, and with "*" in the rest: the library refuses an
 * endpoint policy with any other principal, where an interface endpoint takes roles and accounts too.
 */
function forEveryone(document: unknown, request: AuthorizationRequest): PolicyDocument {
  const policy = document as PolicyDocument;
  const ours = statementsOf(policy).filter(
    ({ Principal }) => Principal === undefined || namesCaller(Principal, request),
  );
  return { ...policy, Statement: ours.map((each) => ("Principal" in each ? { ...each, Principal: "*" } : each)) };
}

function namesCaller(principal: unknown, { principal: caller, account, context }: AuthorizationRequest): boolean {
  if (principal === "*") return true;
  const named = [(principal as { readonly AWS?: string | string[] }).AWS ?? []].flat();
  const names = ["*", account, `arn:aws:iam::${account}:root`, caller, context["aws:PrincipalArn"]];
  return named.some((name) => names.includes(name));
}
