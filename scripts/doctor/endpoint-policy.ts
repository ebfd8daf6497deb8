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
  const statements = statementsOf(policy)
    .filter((statement) => namesAction(statement, action))
    .map((statement) => ({ effect: statement.Effect, applies: appliesTo(statement, roleArn) }));
  const denies = statements.filter(({ effect }) => effect === "Deny").map(({ applies }) => applies);
  const allows = statements.filter(({ effect }) => effect === "Allow").map(({ applies }) => applies);
  if (denies.includes(true) || allows.every((applies) => applies === false)) return "refused";
  return allows.includes(true) && !denies.includes(undefined) ? "allowed" : undefined;
}

/** Whether the statement speaks of calls by this role; undefined where it cannot be told. */
function appliesTo(statement: Statement, roleArn: string): boolean | undefined {
  const parts = [
    isForRole(statement.Principal, roleArn),
    statement.NotAction === undefined ? true : undefined,
    ...conditionsOf(statement.Condition).map((condition) => holdsFor(condition, roleArn)),
  ];
  if (parts.includes(false)) return false;
  return parts.includes(undefined) ? undefined : true;
}

interface Condition {
  readonly operator: string;
  /** In lower case, as IAM compares them. */
  readonly key: string;
  readonly values: readonly string[];
}

function conditionsOf(condition: unknown): Condition[] {
  return Object.entries(Object(condition) as Record<string, unknown>).flatMap(([operator, keys]) =>
    Object.entries(Object(keys) as Record<string, unknown>).map(([key, values]) => ({
      operator,
      key: key.toLowerCase(),
      values: textsOf(values),
    })),
  );
}

const COMPARISONS = ["StringEquals", "StringLike", "ArnEquals", "ArnLike"];

/** The two keys that tell a role by itself; what others hold at the time of a call is not known here. */
function holdsFor({ operator, key, values }: Condition, roleArn: string): boolean | undefined {
  const known: Readonly<Record<string, string>> = {
    "aws:principalaccount": roleArn.split(":")[4] ?? "",
    "aws:principalarn": roleArn,
  };
  const value = known[key];
  if (value === undefined || !COMPARISONS.includes(operator)) return undefined;
  return values.some((pattern) => (operator === "StringEquals" ? pattern === value : matches(pattern, value)));
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

/** IAM's wildcards: `*` for any characters, `?` for one. Not by a regular expression: many `*` would take it for ever. */
function matches(pattern: string, text: string): boolean {
  let [at, inText] = [0, 0];
  let lastStar: { readonly at: number; readonly inText: number } | undefined;
  while (inText < text.length) {
    const letter = pattern[at];
    if (letter === "*") {
      lastStar = { at, inText };
      at += 1;
    } else if (letter === "?" || letter === text[inText]) {
      at += 1;
      inText += 1;
    } else if (lastStar === undefined) {
      return false;
    } else {
      lastStar = { at: lastStar.at, inText: lastStar.inText + 1 }; // the star takes one letter more
      [at, inText] = [lastStar.at + 1, lastStar.inText];
    }
  }
  return /^\**$/.test(pattern.slice(at));
}
