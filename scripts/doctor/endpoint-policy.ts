// Reads an endpoint's policy: does it let the SSM Agent's calls through? IAM's simulator cannot be asked about these.

/** `allowed`, `refused`, or undefined where conditions or principals decide that are not looked at here. */
export type PolicyVerdict = "allowed" | "refused" | undefined;

interface Statement {
  readonly Effect?: unknown;
  readonly Principal?: unknown;
  readonly Action?: unknown;
  readonly NotAction?: unknown;
  readonly Resource?: unknown;
  readonly Condition?: unknown;
}

/** What the policy says of one action by one role. Statements with `NotAction` and the like are left undecided. */
export function judgeEndpointPolicy(policy: unknown, action: string, roleArn: string): PolicyVerdict {
  const statements = statementsOf(policy).filter((statement) => namesAction(statement, action));
  const matching = statements.filter((statement) => isForRole(statement.Principal, roleArn) !== false);
  const isPlain = (statement: Statement): boolean =>
    statement.Condition === undefined &&
    statement.NotAction === undefined &&
    isForRole(statement.Principal, roleArn) === true;
  const denying = matching.filter(({ Effect }) => Effect === "Deny");
  if (denying.some(isPlain)) return "refused";
  const allowing = matching.filter(({ Effect }) => Effect === "Allow");
  if (allowing.length === 0) return "refused";
  return denying.length === 0 && allowing.some(isPlain) ? "allowed" : undefined;
}

function statementsOf(policy: unknown): Statement[] {
  const { Statement: statements = [] } = Object(policy) as { readonly Statement?: unknown };
  return [statements].flat().map((statement) => Object(statement) as Statement);
}

function namesAction({ Action, NotAction }: Statement, action: string): boolean {
  if (NotAction !== undefined) return true;
  return textsOf(Action).some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase()));
}

/** Undefined where it cannot be told from the ARN alone. */
function isForRole(principal: unknown, roleArn: string): boolean | undefined {
  if (principal === "*") return true;
  const { AWS } = Object(principal) as { readonly AWS?: unknown };
  const account = roleArn.split(":")[4] ?? "";
  const names = textsOf(AWS);
  if (names.some((name) => ["*", roleArn, account].includes(name) || name.endsWith(`:${account}:root`))) return true;
  return names.some((name) => name.includes(":assumed-role/")) ? undefined : false;
}

function textsOf(value: unknown): string[] {
  return [value].flat().filter((text) => typeof text === "string");
}

/** IAM's wildcards: `*` for any characters, `?` for one. */
function matches(pattern: string, text: string): boolean {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${expression}$`, "s").test(text);
}
