// Reads IAM policies from the stack and decides whether they let a call pass, as far as the stack alone can tell.
import { listOf, nestedBlocks, type Arguments, type TerraformModel } from "./terraform-model.ts";

export interface Condition {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

export interface Statement {
  readonly effect: string;
  /** As it stands there; undefined in the policy of an identity. */
  readonly principal: unknown;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions: readonly Condition[];
  /** Whether it says what it is not about (`NotAction` and the like), which is not read here. */
  readonly isNegative: boolean;
}

/** A call of the instance's role. */
export interface Call {
  readonly action: string;
  readonly resource: string;
  /** Undefined when the role is none of the stack's. */
  readonly roleArn: string | undefined;
  /** What holds whenever it is made. */
  readonly conditions: readonly Condition[];
}

/** `undecided` where it depends on what only the call itself shows. */
export type Verdict = "allowed" | "refused" | "undecided";

/** The statements of a policy: JSON in a text, or a data source; undefined when it lies outside the stack. */
export function readStatements(policy: unknown, model: TerraformModel): Statement[] | undefined {
  const pointer = model.pointer(policy);
  if (pointer?.kind === "data" && pointer.block.type === "aws_iam_policy_document") {
    return nestedBlocks(pointer.block.arguments["statement"]).map((statement) => fromDataSource(statement, model));
  }
  if (pointer?.kind !== "outside") return undefined;
  try {
    const { Statement: statements } = JSON.parse(pointer.text) as Arguments;
    return nestedBlocks(statements).map((statement) => fromJson(statement, model));
  } catch {
    return undefined;
  }
}

function fromDataSource(statement: Arguments, model: TerraformModel): Statement {
  const texts = (value: unknown): string[] => listOf(value).map((each) => model.text(each));
  const principals = nestedBlocks(statement["principals"]).map(
    ({ type, identifiers }) => [String(type), texts(identifiers)] as const,
  );
  return {
    effect: model.text(statement["effect"] ?? "Allow"),
    principal: principals.length === 0 ? undefined : Object.fromEntries(principals),
    actions: texts(statement["actions"]),
    resources: texts(statement["resources"]),
    conditions: nestedBlocks(statement["condition"]).map(({ test, variable, values }) => ({
      operator: model.text(test),
      key: model.text(variable).toLowerCase(),
      values: texts(values),
    })),
    isNegative: ["not_actions", "not_resources", "not_principals"].some((key) => key in statement),
  };
}

function fromJson(statement: Arguments, model: TerraformModel): Statement {
  const texts = (value: unknown): string[] => listOf(value).map((each) => model.text(each));
  const conditions = Object.entries(Object(statement["Condition"]) as Arguments).flatMap(([operator, keys]) =>
    Object.entries(Object(keys) as Arguments).map(([key, values]) => ({
      operator,
      key: key.toLowerCase(),
      values: texts(values),
    })),
  );
  return {
    effect: model.text(statement["Effect"]),
    principal: statement["Principal"],
    actions: texts(statement["Action"]),
    resources: texts(statement["Resource"]),
    conditions,
    isNegative: ["NotAction", "NotResource", "NotPrincipal"].some((key) => key in statement),
  };
}

/** What the statements of one policy, or of several together, say of a call. */
export function decide(call: Call, statements: readonly Statement[]): Verdict {
  const applied = statements.map((statement) => ({ effect: statement.effect, applies: applies(statement, call) }));
  const of = (wanted: string) => applied.filter(({ effect }) => effect === wanted).map((each) => each.applies);
  const [denies, allows] = [of("Deny"), of("Allow")];
  if (denies.includes(true) || allows.every((each) => each === false)) return "refused";
  return allows.includes(true) && !denies.includes(undefined) ? "allowed" : "undecided";
}

/** Whether the statement speaks of the call; undefined where the stack cannot tell. */
function applies(statement: Statement, call: Call): boolean | undefined {
  if (statement.isNegative) return undefined;
  const parts = [
    statement.actions.some((pattern) => matches(pattern.toLowerCase(), call.action.toLowerCase())),
    statement.resources.some((pattern) => matches(pattern, call.resource)),
    isForRole(statement.principal, call.roleArn),
    ...statement.conditions.map((condition) => holds(condition, call)),
  ];
  if (parts.includes(false)) return false;
  return parts.includes(undefined) ? undefined : true;
}

/** The policy of an identity names no principal. */
function isForRole(principal: unknown, roleArn: string | undefined): boolean | undefined {
  if (principal === undefined || principal === "*") return true;
  const { AWS } = Object(principal) as Arguments;
  if (listOf(AWS).some((name) => name === "*" || name === roleArn)) return true;
  return roleArn === undefined ? undefined : false;
}

const COMPARISONS = ["StringEquals", "StringLike", "ArnEquals", "ArnLike"];

function holds({ operator, key, values }: Condition, { roleArn, conditions }: Call): boolean | undefined {
  const known: Readonly<Record<string, string | undefined>> = {
    "aws:principalaccount": "<account>",
    "aws:principalarn": roleArn,
    "aws:requestedregion": "<region>",
  };
  const value = known[key];
  if (value !== undefined && COMPARISONS.includes(operator)) {
    return values.some((pattern) => (operator === "StringEquals" ? pattern === value : matches(pattern, value)));
  }
  const isGiven = conditions.some(
    (given) => given.operator === operator && given.key === key && given.values.every((each) => values.includes(each)),
  );
  return isGiven ? true : undefined;
}

/** IAM's wildcards; a text that is a pattern itself is covered by one that is as wide or wider. */
export function matches(pattern: string, text: string): boolean {
  const parts = pattern.split("*");
  const [first = "", ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return pattern === text;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}
