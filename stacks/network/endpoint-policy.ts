// Policies of endpoints: who may call what through them, whatever IAM allows beside.
import type { PolicyStatement } from "../policy-document.ts";

/** The one role that an endpoint is for. */
export interface EndpointClient {
  /** The one account. */
  readonly accountId: string;
  readonly clientRoleArn: string;
}

/**
 * The policy's JSON. `Principal: "*"`, because a role's ARN in `aws:PrincipalArn` matches all of its sessions.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
 */
export function endpointPolicy(statements: readonly PolicyStatement[]): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: statements.map(({ Sid, Effect, Action, Resource, Condition }) => ({
      Sid,
      Effect,
      Principal: "*",
      Action,
      Resource,
      Condition,
    })),
  });
}

/** For an endpoint that serves a whole VPC: every call, of this account's principals. */
export function policyForAccount(accountId: string): string {
  const Condition = { StringEquals: { "aws:PrincipalAccount": accountId } };
  return endpointPolicy([{ Sid: "AccountOnly", Effect: "Allow", Action: "*", Resource: "*", Condition }]);
}

/** The statement as it stands, for nobody but the client. */
export function forClientOnly(
  statement: PolicyStatement,
  { accountId, clientRoleArn }: EndpointClient,
): PolicyStatement {
  const ofClient = {
    StringEquals: { "aws:PrincipalAccount": accountId },
    ArnEquals: { "aws:PrincipalArn": clientRoleArn },
  };
  return { ...statement, Condition: joinConditions(statement.Condition ?? {}, ofClient) };
}

type Conditions = NonNullable<PolicyStatement["Condition"]>;

/** Both must hold: keys under the same operator stand beside each other. */
function joinConditions(one: Conditions, other: Conditions): Conditions {
  const operators = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries([...operators].map((operator) => [operator, { ...one[operator], ...other[operator] }]));
}
