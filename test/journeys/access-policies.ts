// Managed policies as IAM has them, with one condition less.
import {
  CreatePolicyVersionCommand,
  DeletePolicyVersionCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  SetDefaultPolicyVersionCommand,
  type IAMClient,
} from "@aws-sdk/client-iam";

type Condition = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface Statement {
  readonly Sid?: string;
  readonly Action: string | readonly string[];
  readonly Condition?: Condition;
}

interface PolicyDocument {
  readonly Version: string;
  readonly Statement: readonly Statement[];
}

/** A policy that lacks one condition. */
export interface Weakened {
  /** E.g. `Reach: StringEquals aws:ResourceTag/BastionAccess`. */
  readonly what: string;
  /** Those of the statement that lacks it. */
  readonly actions: readonly string[];
  readonly document: PolicyDocument;
}

/** The policy with each of its conditions deleted in turn. */
export function weaken(document: PolicyDocument): Weakened[] {
  return document.Statement.flatMap((statement, index) =>
    Object.entries(statement.Condition ?? {}).flatMap(([operator, keys]) =>
      Object.keys(keys).map((key) => ({
        what: `${statement.Sid ?? index}: ${operator} ${key}`,
        actions: [statement.Action].flat(),
        document: { ...document, Statement: document.Statement.with(index, without(statement, operator, key)) },
      })),
    ),
  );
}

function without(statement: Statement, operator: string, key: string): Statement {
  const { Condition, ...rest } = statement;
  const left = Object.entries(Condition ?? {}).map(([name, keys]): [string, Readonly<Record<string, unknown>>] => [
    name,
    Object.fromEntries(Object.entries(keys).filter(([each]) => name !== operator || each !== key)),
  ]);
  const conditions = left.filter(([, keys]) => Object.keys(keys).length > 0);
  return conditions.length === 0 ? rest : { ...rest, Condition: Object.fromEntries(conditions) };
}

/** What is in force. */
export async function readPolicy(iam: IAMClient, PolicyArn: string): Promise<PolicyDocument> {
  const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn }));
  const VersionId = Policy?.DefaultVersionId;
  const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId }));
  return JSON.parse(decodeURIComponent(PolicyVersion?.Document ?? "")) as PolicyDocument;
}

/** Puts another document in force for as long as `use` takes. */
export async function whileInForce<Result>(
  iam: IAMClient,
  { policyArn: PolicyArn, document }: { readonly policyArn: string; readonly document: PolicyDocument },
  use: () => Promise<Result>,
): Promise<Result> {
  const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn }));
  const { PolicyVersion } = await iam.send(
    new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: JSON.stringify(document), SetAsDefault: true }),
  );
  try {
    return await use();
  } finally {
    const VersionId = Policy?.DefaultVersionId;
    await iam.send(new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId }));
    await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: PolicyVersion?.VersionId }));
  }
}
