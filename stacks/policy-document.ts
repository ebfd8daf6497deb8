// IAM policies, written as IAM's JSON writes them and handed to Terraform as data.
import type { Construct } from "constructs";
import {
  DataAwsIamPolicyDocument,
  type DataAwsIamPolicyDocumentStatement,
} from "@cdktf/provider-aws/lib/data-aws-iam-policy-document/index.js";

/** One statement, in IAM's own spelling. */
export interface PolicyStatement {
  readonly Sid?: string | undefined;
  readonly Effect: "Allow" | "Deny";
  /** Only in the trust policy of a role: `{ Service: "ec2.amazonaws.com" }`. */
  readonly Principal?: { readonly Service: string } | undefined;
  readonly Action: string | readonly string[];
  /** Not in a trust policy. */
  readonly Resource?: string | readonly string[] | undefined;
  /** Operator, then key, then values: `{ StringEquals: { "aws:PrincipalAccount": "111122223333" } }`. */
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>> | undefined;
}

/**
 * The policy's JSON, by way of a data source: scanners read those, and pass over a policy that is only a string.
 *
 * For identities. Policies of resources (keys, buckets, endpoints) are strings of JSON, because there a scanner takes
 * "the account's root may do everything" for a mistake.
 */
export function policyDocument(scope: Construct, id: string, statements: readonly PolicyStatement[]): string {
  return new DataAwsIamPolicyDocument(scope, id, { statement: statements.map(toTerraform) }).json;
}

function toTerraform(statement: PolicyStatement): DataAwsIamPolicyDocumentStatement {
  const { Sid, Effect, Principal, Action, Resource, Condition = {} } = statement;
  const condition = Object.entries(Condition).flatMap(([test, keys]) =>
    Object.entries(keys).map(([variable, values]) => ({ test, variable, values: listOf(values) })),
  );
  return {
    // eslint-disable-next-line id-denylist -- the provider's word
    ...(Sid === undefined ? {} : { sid: Sid }),
    effect: Effect,
    ...(Principal === undefined ? {} : { principals: [{ type: "Service", identifiers: [Principal.Service] }] }),
    actions: listOf(Action),
    ...(Resource === undefined ? {} : { resources: listOf(Resource) }),
    ...(condition.length === 0 ? {} : { condition }),
  };
}

function listOf(values: string | readonly string[]): string[] {
  return typeof values === "string" ? [values] : [...values];
}
