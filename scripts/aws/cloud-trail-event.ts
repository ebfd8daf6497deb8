// Reads what CloudTrail writes down of a call: JSON whose shape differs with service and outcome.
import type { Event } from "@aws-sdk/client-cloudtrail";
import { ACCESS_CALLS, type AccessCall, type RecordedCall } from "../command/audit-ports.ts";

/** Other services have calls of the same names. */
const SOURCES = ["ssm.amazonaws.com", "ec2-instance-connect.amazonaws.com"];

/** Undefined for a call that is none of those by which instances are reached. */
export function readCloudTrailEvent({ CloudTrailEvent = "{}", EventTime }: Event): RecordedCall | undefined {
  const event: unknown = JSON.parse(CloudTrailEvent);
  const call = textAt(event, "eventName");
  if (!isAccessCall(call) || !SOURCES.includes(textAt(event, "eventSource") ?? "")) return undefined;
  return {
    call,
    timeMs: EventTime?.getTime() ?? 0,
    caller: callerOf(event),
    sourceAddress: textAt(event, "sourceIPAddress") ?? "",
    refusal: textAt(event, "errorCode"),
    ...subjectOf(event),
    documentName: parameter(event, "documentName"),
    reason: parameter(event, "reason"),
    osUser: parameter(event, "osUser"),
    publicKey: textAt(event, "requestParameters", "SSHKey", "publicKey"),
  };
}

/** IAM's refusals have no parameters, but name the resource. */
function subjectOf(event: unknown): Pick<RecordedCall, "target" | "sessionId"> {
  const message = textAt(event, "errorMessage") ?? "";
  const inMessage = (kind: string): string | undefined => new RegExp(`:${kind}/([\\w+=,.@-]+)`).exec(message)?.[1];
  return {
    target: parameter(event, "target") ?? parameter(event, "instanceId") ?? inMessage("instance"),
    sessionId: textAt(event, "responseElements", "sessionId") ?? parameter(event, "sessionId") ?? inMessage("session"),
  };
}

function isAccessCall(name: string | undefined): name is AccessCall {
  return (ACCESS_CALLS as readonly (string | undefined)[]).includes(name);
}

/** Users and roles have an ARN; services of AWS and users of Identity Center have other names. */
function callerOf(event: unknown): string {
  const names = ["arn", "principalId", "invokedBy", "type"].map((name) => textAt(event, "userIdentity", name));
  return names.find((name) => name !== undefined && name !== "") ?? "";
}

function parameter(event: unknown, name: string): string | undefined {
  return textAt(event, "requestParameters", name);
}

/** The text at the end of a path of members, if there is one. */
function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = path.reduce<unknown>(
    (at, name) => (typeof at === "object" && at !== null ? (at as Record<string, unknown>)[name] : undefined),
    value,
  );
  return typeof found === "string" ? found : undefined;
}
