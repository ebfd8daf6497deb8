// Whether the instance has a role, and whether its policies allow what it calls.
import { broken, held, outside, type Finding } from "./finding.ts";
import { decide, readStatements, type Call, type Statement } from "./policies.ts";
import { nestedBlocks, type Block, type TerraformModel } from "./terraform-model.ts";

/** AWS's own policies that allow all that an SSM Agent calls. */
const SUFFICIENT_POLICIES = /:aws:policy\/(AmazonSSMManagedInstanceCore|AmazonSSMManagedEC2InstanceDefaultPolicy)$/;
const EC2 = /^ec2\.amazonaws\.com(\.cn)?$/;

export interface RoleFinding {
  readonly findings: readonly Finding[];
  /** Undefined when it is none of the stack's. */
  readonly role: Block | undefined;
}

/** The way from the instance to its role, and whether EC2 may hand the role's credentials out. */
export function findRole(instance: Block, model: TerraformModel): RoleFinding {
  const none = (finding: Finding): RoleFinding => ({ findings: [finding], role: undefined });
  const cure = "give it an aws_iam_instance_profile whose role trusts ec2.amazonaws.com";
  const { iam_instance_profile: profileName, metadata_options: metadata } = instance.arguments;
  if (nestedBlocks(metadata).some((options) => options["http_endpoint"] === "disabled"))
    return none(
      broken(
        "instance-role",
        "the instance metadata service, which hands out the role's credentials, is disabled",
        'set http_endpoint to "enabled" in metadata_options',
      ),
    );
  const profile = model.pointer(profileName);
  if (profile === undefined) return none(broken("instance-role", "it has no instance profile", cure));
  if (profile.kind === "undeclared")
    return none(broken("instance-role", `its instance profile, ${profile.text}, is not in the stack`, cure));
  if (profile.kind !== "resource") return none(outside("the instance profile and its role"));
  const { address } = profile.block;
  const role = model.pointer(profile.block.arguments["role"]);
  if (role === undefined) return none(broken("instance-role", `${address} has no role`, cure));
  if (role.kind === "undeclared")
    return none(broken("instance-role", `the role of ${address}, ${role.text}, is not in the stack`, cure));
  if (role.kind !== "resource") return none(outside(`the role of ${address}`));
  return { findings: [judgeTrust(role.block, model)], role: role.block };
}

function judgeTrust(role: Block, model: TerraformModel): Finding {
  const statements = readStatements(role.arguments["assume_role_policy"], model);
  if (statements === undefined && model.pointer(role.arguments["assume_role_policy"])?.kind === "outside")
    return outside(`whether ${role.address} trusts EC2`);
  const isTrusted = statements?.some(
    ({ effect, principal, actions }) =>
      effect === "Allow" && actions.includes("sts:AssumeRole") && servicesOf(principal).some((name) => EC2.test(name)),
  );
  if (isTrusted === true) return held();
  return broken(
    "instance-role",
    `${role.address} does not trust EC2`,
    "allow sts:AssumeRole to ec2.amazonaws.com in assume_role_policy",
  );
}

function servicesOf(principal: unknown): string[] {
  const { Service } = Object(principal) as { readonly Service?: unknown };
  return [Service].flat().filter((name) => typeof name === "string");
}

interface AttachedPolicy {
  /** The resource that attaches it. */
  readonly block: Block;
  /** Undefined where they are none of the stack's. */
  readonly statements: readonly Statement[] | undefined;
}

/** One finding for each call that the role's policies do not, or not surely, allow; one that says what the others rest on. */
export function judgePermissions(role: Block, calls: readonly Call[], model: TerraformModel): Finding[] {
  const policies = [...inlinePolicies(role, model), ...attachedPolicies(role, model)];
  return [...judgeBoundary(role, calls, model), ...calls.map((call) => judgeCall(role, call, policies))];
}

function judgeCall(role: Block, call: Call, policies: readonly AttachedPolicy[]): Finding {
  const known = policies.flatMap(({ statements }) => statements ?? []);
  const verdict = decide(call, known);
  if (verdict === "allowed")
    return held(
      policies.filter(({ statements = [] }) => decide(call, statements) === "allowed").map(({ block }) => block),
    );
  if (verdict === "undecided") return outside(`what the conditions in the policies of ${role.address} let pass`);
  const isDenied = decide(call, [...known, allowing(call)]) === "refused";
  const [unread] = policies.filter(({ statements }) => statements === undefined);
  if (!isDenied && unread !== undefined)
    return outside(`whether the policy of ${unread.block.address} allows ${call.action}`);
  return broken(
    "role-permissions",
    isDenied
      ? `a policy of ${role.address} denies ${call.action}`
      : `no policy of ${role.address} allows ${call.action}`,
    `allow ${call.action} on ${call.resource} in an aws_iam_role_policy of the role`,
  );
}

function allowing({ action, resource }: Call): Statement {
  return {
    effect: "Allow",
    principal: undefined,
    actions: [action],
    resources: [resource],
    conditions: [],
    isNegative: false,
  };
}

function judgeBoundary(role: Block, calls: readonly Call[], model: TerraformModel): Finding[] {
  const { permissions_boundary: boundary } = role.arguments;
  if (boundary === undefined) return [];
  const statements = readStatements(model.resource(boundary, "aws_iam_policy")?.arguments["policy"], model);
  if (statements === undefined) return [outside(`the permissions boundary of ${role.address}`)];
  const refused = calls.find((call) => decide(call, statements) === "refused");
  if (refused === undefined) return [];
  const met = `the permissions boundary of ${role.address} does not allow ${refused.action}`;
  return [broken("role-permissions", met, `allow ${refused.action} in the boundary`)];
}

const isOf = (role: Block, value: unknown, model: TerraformModel): boolean =>
  model.text(value) === model.text(role.arguments["name"]);

function inlinePolicies(role: Block, model: TerraformModel): AttachedPolicy[] {
  return model
    .resources("aws_iam_role_policy")
    .filter((block) => isOf(role, block.arguments["role"], model))
    .map((block) => ({ block, statements: readStatements(block.arguments["policy"], model) ?? [] }));
}

function attachedPolicies(role: Block, model: TerraformModel): AttachedPolicy[] {
  return model
    .resources("aws_iam_role_policy_attachment")
    .filter((block) => isOf(role, block.arguments["role"], model))
    .map((block) => {
      const { policy_arn: policyArn } = block.arguments;
      const own = model.resource(policyArn, "aws_iam_policy");
      if (own !== undefined) return { block, statements: readStatements(own.arguments["policy"], model) };
      return { block, statements: awsManagedStatements(model.text(policyArn)) };
    });
}

/** What is known of AWS's own policies: those that are made for the agent allow its calls. */
function awsManagedStatements(policyArn: string): Statement[] | undefined {
  if (!SUFFICIENT_POLICIES.test(policyArn)) return undefined;
  return ["ssm:UpdateInstanceInformation", "ssmmessages:*"].map((action) => ({
    effect: "Allow",
    principal: undefined,
    actions: [action],
    resources: ["*"],
    conditions: [],
    isNegative: false,
  }));
}
