// One event as CloudTrail writes it: who called what, from where, with which parameters, and how it went.
import { randomUUID } from "node:crypto";
import type { Caller } from "../endpoint/access-keys.ts";
import type { AwsError } from "../endpoint/aws-error.ts";
import type { Call, CallOrigin } from "../endpoint/call.ts";
import type { CallOutcome } from "../endpoint/endpoint.ts";

/** The part of CloudTrail's record that the sandbox fills in. */
export interface CloudTrailEvent {
  readonly eventVersion: string;
  readonly userIdentity: Readonly<Record<string, unknown>>;
  /** ISO 8601, to the second. */
  readonly eventTime: string;
  /** E.g. `ssm.amazonaws.com`. */
  readonly eventSource: string;
  readonly eventName: string;
  readonly awsRegion: string;
  readonly sourceIPAddress: string;
  readonly userAgent: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly requestParameters: Readonly<Record<string, unknown>> | null;
  readonly responseElements: Readonly<Record<string, unknown>> | null;
  readonly requestID: string;
  readonly eventID: string;
  readonly readOnly: boolean;
  readonly eventType: string;
  readonly managementEvent: boolean;
  readonly recipientAccountId: string;
  readonly eventCategory: string;
}

/** CloudTrail's own words in place of what would open the session. */
const HIDDEN = "Value hidden due to security reasons.";

/** @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html */
export function cloudTrailEvent(call: Call, origin: CallOrigin, outcome: CallOutcome, nowMs: number): CloudTrailEvent {
  const account = accountOf(call.caller);
  return {
    eventVersion: "1.11",
    userIdentity: userIdentity(call.caller, account),
    eventTime: new Date(nowMs).toISOString().replace(/\.\d+Z$/, "Z"),
    eventSource: `${call.service}.amazonaws.com`,
    eventName: call.name,
    awsRegion: call.region,
    sourceIPAddress: origin.sourceAddress,
    userAgent: origin.userAgent,
    ...("error" in outcome ? errorOf(outcome.error) : {}),
    requestParameters: isRefused(outcome) ? null : requestParameters(call),
    responseElements: "error" in outcome ? null : responseElements(call, outcome.answer),
    requestID: origin.requestId,
    eventID: randomUUID(),
    readOnly: false,
    eventType: "AwsApiCall",
    managementEvent: true,
    recipientAccountId: account,
    eventCategory: "Management",
  };
}

/** The name that CloudTrail's event history shows, and finds by: the user's, or the role session's. */
export function userNameOf({ type, name, arn }: Caller): string {
  return type === "User" ? name : arn.slice(arn.lastIndexOf("/") + 1);
}

const accountOf = ({ arn }: Caller): string => arn.split(":")[4] ?? "";

function userIdentity(caller: Caller, accountId: string): Record<string, unknown> {
  const { type, name, arn, userId } = caller;
  if (type === "User") return { type: "IAMUser", principalId: userId, arn, accountId, userName: name };
  const roleArn = `arn:aws:iam::${accountId}:role/${name}`;
  const sessionIssuer = {
    type: "Role",
    principalId: userId.split(":")[0],
    arn: roleArn,
    accountId,
    userName: name,
  };
  return { type: "AssumedRole", principalId: userId, arn, accountId, sessionContext: { sessionIssuer } };
}

/** Of IAM's refusal, CloudTrail has one code for all services. */
function errorOf({ code, message }: AwsError): { errorCode: string; errorMessage: string } {
  return { errorCode: code === "AccessDeniedException" ? "AccessDenied" : code, errorMessage: message };
}

/** The service reads parameters only after IAM has agreed, so that CloudTrail has none of a call that IAM refused. */
function isRefused(outcome: CallOutcome): boolean {
  return "error" in outcome && outcome.error.code === "AccessDeniedException";
}

function requestParameters({ name, input }: Call): Record<string, unknown> {
  if (name === "SendSSHPublicKey") {
    const { InstanceId, InstanceOSUser, SSHPublicKey, AvailabilityZone } = input;
    return {
      instanceId: InstanceId,
      osUser: InstanceOSUser,
      SSHKey: { publicKey: SSHPublicKey },
      ...(AvailabilityZone === undefined ? {} : { availabilityZone: AvailabilityZone }),
    };
  }
  return withSmallFirstLetters(input);
}

function responseElements({ name }: Call, answer: object | string): Record<string, unknown> | null {
  if (name === "SendSSHPublicKey") return null;
  const elements = withSmallFirstLetters(Object(answer) as Record<string, unknown>);
  return "tokenValue" in elements ? { ...elements, tokenValue: HIDDEN } : elements;
}

function withSmallFirstLetters(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [name.charAt(0).toLowerCase() + name.slice(1), value]),
  );
}
