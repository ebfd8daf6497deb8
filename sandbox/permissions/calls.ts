// What a call needs permission for: from the calls our commands make to actions, resources and condition keys.
import type { ConditionContext } from "./evaluate.ts";

/** An instance as policies see it. */
export interface CalledInstance {
  readonly instanceId: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** A session as policies see it. */
export interface CalledSession {
  readonly sessionId: string;
  /** Instance id. */
  readonly target: string;
  /** `aws:userid` of who started it. */
  readonly ownerUserId: string;
}

/** A KMS key as policies see it. */
export interface CalledKey {
  readonly keyArn: string;
  /** The key's own policy, as `JSON.parse` gives it; without its leave IAM's policies count for nothing. */
  readonly policy: unknown;
}

/** A call whose caller's policies decide on it. */
export type Call =
  | { readonly action: ActionWithoutResource }
  | { readonly action: ActionOnInstances; readonly instances: readonly CalledInstance[] }
  | {
      readonly action: "ec2:CreateTags" | "ec2:DeleteTags";
      readonly instances: readonly CalledInstance[];
      /** The tags of the request; without a value where it names none. */
      readonly tags: Readonly<Record<string, string>>;
    }
  | {
      readonly action: "ssm:StartSession";
      readonly instance: CalledInstance;
      /** Name or ARN; undefined if the call names none. */
      readonly documentName: string | undefined;
    }
  | { readonly action: ActionOnSession; readonly session: CalledSession }
  | {
      readonly action: "ec2-instance-connect:SendSSHPublicKey";
      readonly instance: CalledInstance;
      readonly osUser: string;
    }
  | {
      readonly action: "kms:Decrypt" | "kms:GenerateDataKey";
      readonly key: CalledKey;
      readonly encryptionContext: Readonly<Record<string, string>>;
    }
  | {
      readonly action: ActionOfAgent;
      /** ARN, or `*`. */
      readonly resource: string;
    }
  | {
      readonly action: "rds-db:connect";
      /** E.g. `db-ABCDEFGHIJKL01234`. */
      readonly resourceId: string;
      readonly databaseUser: string;
    };

/** What an SSM Agent calls with its instance's role to keep the log of a session. */
type ActionOfAgent =
  | "logs:CreateLogStream"
  | "logs:DescribeLogGroups"
  | "logs:PutLogEvents"
  | "s3:GetEncryptionConfiguration"
  | "s3:PutObject";

/** Actions that no policy can restrict to a resource, or that ask for all there is. */
const ACTIONS_WITHOUT_RESOURCE = [
  "cloudtrail:LookupEvents",
  "ec2:DescribeImages",
  "ec2:DescribeInstances",
  "ec2:DescribeNatGateways",
  "ec2:DescribeNetworkAcls",
  "ec2:DescribeRouteTables",
  "ec2:DescribeSecurityGroups",
  "ec2:DescribeSubnets",
  "ec2:DescribeVpcAttribute",
  "ec2:DescribeVpcEndpoints",
  "elasticache:DescribeCacheClusters",
  "elasticache:DescribeCacheSubnetGroups",
  "elasticache:DescribeReplicationGroups",
  "rds:DescribeDBClusters",
  "rds:DescribeDBInstances",
  "rds:DescribeDBSubnetGroups",
  "ssm:DescribeInstanceInformation",
  "ssm:DescribeInstanceProperties",
  "ssm:DescribeSessions",
  "sts:GetCallerIdentity",
] as const;

/** Those that ask for all of a kind, which AWS calls `db:*`. */
const LISTED_KINDS: Readonly<Partial<Record<string, string>>> = {
  "rds:DescribeDBClusters": "cluster",
  "rds:DescribeDBInstances": "db",
  "rds:DescribeDBSubnetGroups": "subgrp",
};

export type ActionWithoutResource = (typeof ACTIONS_WITHOUT_RESOURCE)[number];

function isWithoutResource(call: Call): call is { readonly action: ActionWithoutResource } {
  return needsNoResource(call.action);
}

export function needsNoResource(action: string): action is ActionWithoutResource {
  return (ACTIONS_WITHOUT_RESOURCE as readonly string[]).includes(action);
}

type ActionOnInstances =
  "ec2:GetConsoleOutput" | "ec2:RebootInstances" | "ec2:StartInstances" | "ssm:GetConnectionStatus";

type ActionOnSession = "ssm:ResumeSession" | "ssm:TerminateSession" | "ssmmessages:OpenDataChannel";

/** One thing the caller must be allowed to use, and what conditions may ask about it. */
export interface ResourceUse {
  /** ARN, or `*`. */
  readonly resource: string;
  readonly context: ConditionContext;
  /** The resource's own policy, where it has one. */
  readonly resourcePolicy?: unknown;
}

/** Where the call is made. */
export interface Place {
  readonly region: string;
  readonly account: string;
}

/** What StartSession uses when the call names no document. */
const DEFAULT_DOCUMENT = "SSM-SessionManagerRunShell";

/**
 * The ways in which a call may be allowed: it is, if every use of one of them is.
 *
 * Only StartSession without a document has two.
 */
// eslint-disable-next-line complexity -- a table: one case for each action
export function waysToAllow(call: Call, place: Place): readonly (readonly ResourceUse[])[] {
  if (isWithoutResource(call)) return [[{ resource: listedResource(call.action, place), context: {} }]];
  switch (call.action) {
    case "ssm:StartSession":
      return waysToStartSession(call, place);
    case "ssm:ResumeSession":
    case "ssm:TerminateSession":
    case "ssmmessages:OpenDataChannel":
      return [[sessionUse(call.session, place)]];
    case "ec2-instance-connect:SendSSHPublicKey": {
      const { resource, context } = instanceUse(call.instance, place, "ec2");
      return [[{ resource, context: { ...context, "ec2:osuser": call.osUser } }]];
    }
    case "rds-db:connect":
      return [[{ resource: databaseUserArn(call, place), context: {} }]];
    case "logs:CreateLogStream":
    case "logs:DescribeLogGroups":
    case "logs:PutLogEvents":
    case "s3:GetEncryptionConfiguration":
    case "s3:PutObject":
      return [[{ resource: call.resource, context: {} }]];
    case "kms:Decrypt":
    case "kms:GenerateDataKey":
      return [[keyUse(call)]];
    case "ssm:GetConnectionStatus":
      return [call.instances.map((instance) => instanceUse(instance, place, "ssm"))];
    case "ec2:GetConsoleOutput":
    case "ec2:RebootInstances":
    case "ec2:StartInstances":
      return [call.instances.map((instance) => instanceUse(instance, place, "ec2"))];
    case "ec2:CreateTags":
    case "ec2:DeleteTags":
      return [call.instances.map((instance) => taggingUse(instance, call.tags, place))];
  }
}

function listedResource(action: ActionWithoutResource, { region, account }: Place): string {
  const kind = LISTED_KINDS[action];
  return kind === undefined ? "*" : `arn:aws:rds:${region}:${account}:${kind}:*`;
}

function taggingUse(instance: CalledInstance, tags: Readonly<Record<string, string>>, place: Place): ResourceUse {
  const { resource, context } = instanceUse(instance, place, "ec2");
  const requested = Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, value]);
  const names = Object.keys(tags);
  // A request that names no tags has no such key, for which a policy may ask by `Null`.
  const keys = names.length === 0 ? {} : { "aws:TagKeys": names };
  return { resource, context: { ...context, ...(Object.fromEntries(requested) as Record<string, string>), ...keys } };
}

/**
 * A statement with the condition `ssm:SessionDocumentAccessCheck` demands permission on the document, the default one if
 * the call names none. Without that condition, permission on the instance alone is enough for the default document.
 */
function waysToStartSession(
  { instance, documentName }: Extract<Call, { action: "ssm:StartSession" }>,
  place: Place,
): readonly (readonly ResourceUse[])[] {
  const { resource, context } = instanceUse(instance, place, "ssm");
  const on = (documentAccessCheck: "true" | "false"): ResourceUse => ({
    resource,
    context: { ...context, "ssm:SessionDocumentAccessCheck": documentAccessCheck },
  });
  const document: ResourceUse = {
    resource: documentArn(documentName ?? DEFAULT_DOCUMENT, place),
    context: { "ssm:SessionDocumentAccessCheck": "true" }, // and no tags: a document has none of the instance's
  };
  const checked = [on("true"), document];
  return documentName === undefined ? [[on("false")], checked] : [checked];
}

function instanceUse({ instanceId, tags }: CalledInstance, place: Place, service: "ec2" | "ssm"): ResourceUse {
  const ownKey = service === "ssm" ? "ssm:resourceTag" : "ec2:ResourceTag";
  const keys = Object.entries(tags).flatMap(([key, value]) => [
    [`aws:ResourceTag/${key}`, value],
    [`${ownKey}/${key}`, value],
  ]);
  return {
    resource: `arn:aws:ec2:${place.region}:${place.account}:instance/${instanceId}`,
    context: Object.fromEntries(keys) as Record<string, string>,
  };
}

function sessionUse({ sessionId, target, ownerUserId }: CalledSession, place: Place): ResourceUse {
  return {
    resource: `arn:aws:ssm:${place.region}:${place.account}:session/${sessionId}`,
    context: {
      "ssm:resourceTag/aws:ssmmessages:session-id": ownerUserId,
      "ssm:resourceTag/aws:ssmmessages:target-id": target,
    },
  };
}

function databaseUserArn(
  { resourceId, databaseUser }: Extract<Call, { action: "rds-db:connect" }>,
  { region, account }: Place,
): string {
  return `arn:aws:rds-db:${region}:${account}:dbuser:${resourceId}/${databaseUser}`;
}

function keyUse({
  key,
  encryptionContext,
}: Extract<Call, { action: "kms:Decrypt" | "kms:GenerateDataKey" }>): ResourceUse {
  return { resource: key.keyArn, context: encryptionContextKeys(encryptionContext), resourcePolicy: key.policy };
}

/** The condition keys that ask about an encryption context. */
export function encryptionContextKeys(encryptionContext: Readonly<Record<string, string>>): ConditionContext {
  const names = Object.keys(encryptionContext);
  const pairs = names.map((name) => [`kms:EncryptionContext:${name}`, encryptionContext[name] ?? ""]);
  return { ...Object.fromEntries(pairs), "kms:EncryptionContextKeys": names } as ConditionContext;
}

/** AWS's own documents have no account in their ARN. */
function documentArn(documentName: string, { region, account }: Place): string {
  if (documentName.startsWith("arn:")) return documentName;
  const owner = documentName.startsWith("AWS-") ? "" : account;
  return `arn:aws:ssm:${region}:${owner}:document/${documentName}`;
}
