// What all policies for people have in common: a managed policy, and the statements that several of them need.
import { Construct } from "constructs";
import { IamPolicy } from "@cdktf/provider-aws/lib/iam-policy/index.js";
import type { AwsAccount } from "../aws-account.ts";
import { MAIN_RESOURCE } from "../named-stack.ts";
import { policyDocument, type PolicyStatement } from "../policy-document.ts";
import { on, type InstanceScope } from "./instance-scope.ts";

export interface AccessPolicyProps {
  /** Where the bastion runs; the ARNs in the policy are built from it. */
  readonly account: AwsAccount;
  /** The policy's name in IAM. */
  readonly name: string;
  /** The bastions that it is about. */
  readonly instances: InstanceScope;
}

/** A managed policy: for a group, a role, or a permission set of IAM Identity Center. */
export abstract class AccessPolicy extends Construct {
  readonly arn: string;

  constructor(
    scope: Construct,
    id: string,
    { name, description, statements }: { name: string; description: string; statements: readonly PolicyStatement[] },
  ) {
    super(scope, id);
    const policy = policyDocument(this, "document", statements);
    this.arn = new IamPolicy(this, MAIN_RESOURCE, { name, description, policy }).arn;
  }
}

/** What makes StartSession ask for the document also where a call names none, which else opens a shell. */
const DOCUMENT_CHECK = { BoolIfExists: { "ssm:SessionDocumentAccessCheck": "true" } };

/** Lists what EC2 and Systems Manager let nobody narrow. */
export function find(...more: readonly string[]): PolicyStatement {
  const Action = ["ec2:DescribeInstances", "ssm:DescribeInstanceInformation", ...more];
  return { Sid: "Find", Effect: "Allow", Action, Resource: "*" };
}

/**
 * Starts sessions with these documents on the bastions: two statements, because a document has none of their tags.
 *
 * A policy that opens shells needs no check of the document; one that opens none lets nobody in without.
 */
export function startSessions(
  { instances }: AccessPolicyProps,
  documentArns: readonly string[],
  { opensShells }: { readonly opensShells: boolean },
): PolicyStatement[] {
  return [
    {
      Sid: "Reach",
      Effect: "Allow",
      Action: "ssm:StartSession",
      ...on(instances, opensShells ? {} : DOCUMENT_CHECK),
    },
    { Sid: "Documents", Effect: "Allow", Action: "ssm:StartSession", Resource: documentArns },
  ];
}

/**
 * What each session takes besides: its channel, and its end.
 *
 * Session Manager tags a session with the `aws:userid` of who started it, which users and roles have, so it tells own
 * sessions from others'; the session's id begins with a name that others may have too.
 */
export function keepSessions({ account, instances }: AccessPolicyProps): PolicyStatement[] {
  const sessions = account.arn("ssm", "session/*");
  return [
    { Sid: "Wait", Effect: "Allow", Action: "ssm:GetConnectionStatus", ...on(instances) },
    // Of no use without the token that StartSession has given.
    { Sid: "OpenSessions", Effect: "Allow", Action: "ssmmessages:OpenDataChannel", Resource: sessions },
    {
      Sid: "OwnSessions",
      Effect: "Allow",
      Action: ["ssm:ResumeSession", "ssm:TerminateSession"],
      Resource: sessions,
      // The provider's spelling of ${aws:userid}, which Terraform would take for its own.
      Condition: { StringEquals: { "ssm:resourceTag/aws:ssmmessages:session-id": "&{aws:userid}" } },
    },
  ];
}

/**
 * Authorizes keys, and reads the host key that ssh is to meet.
 *
 * @param osUsers - for whom; undefined where another statement denies everybody else
 */
export function pushKeys({ instances }: AccessPolicyProps, osUsers: readonly string[] | undefined): PolicyStatement[] {
  return [
    {
      Sid: "Authorize",
      Effect: "Allow",
      Action: "ec2-instance-connect:SendSSHPublicKey",
      ...on(instances, osUsers === undefined ? {} : { StringEquals: { "ec2:osuser": osUsers } }),
    },
    { Sid: "KnowHostKey", Effect: "Allow", Action: "ec2:GetConsoleOutput", ...on(instances) },
  ];
}
