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

/** A call whose caller's policies decide on it. */
export type Call =
  | { readonly action: ActionWithoutResource }
  | { readonly action: ActionOnInstances; readonly instances: readonly CalledInstance[] }
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
    };

/** Actions that no policy can restrict to a resource. */
type ActionWithoutResource =
  | "ec2:DescribeImages"
  | "ec2:DescribeInstances"
  | "ssm:DescribeInstanceInformation"
  | "ssm:DescribeInstanceProperties"
  | "ssm:DescribeSessions"
  | "sts:GetCallerIdentity";

type ActionOnInstances =
  "ec2:GetConsoleOutput" | "ec2:RebootInstances" | "ec2:StartInstances" | "ssm:GetConnectionStatus";

type ActionOnSession = "ssm:ResumeSession" | "ssm:TerminateSession" | "ssmmessages:OpenDataChannel";

/** One thing the caller must be allowed to use, and what conditions may ask about it. */
export interface ResourceUse {
  /** ARN, or `*`. */
  readonly resource: string;
  readonly context: ConditionContext;
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
    case "ssm:GetConnectionStatus":
      return [call.instances.map((instance) => instanceUse(instance, place, "ssm"))];
    case "ec2:GetConsoleOutput":
    case "ec2:RebootInstances":
    case "ec2:StartInstances":
      return [call.instances.map((instance) => instanceUse(instance, place, "ec2"))];
    case "ec2:DescribeImages":
    case "ec2:DescribeInstances":
    case "ssm:DescribeInstanceInformation":
    case "ssm:DescribeInstanceProperties":
    case "ssm:DescribeSessions":
    case "sts:GetCallerIdentity":
      return [[{ resource: "*", context: {} }]];
  }
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

/** AWS's own documents have no account in their ARN. */
function documentArn(documentName: string, { region, account }: Place): string {
  if (documentName.startsWith("arn:")) return documentName;
  const owner = documentName.startsWith("AWS-") ? "" : account;
  return `arn:aws:ssm:${region}:${owner}:document/${documentName}`;
}
