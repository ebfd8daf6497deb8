// One call of an AWS API, as the services of the sandbox see it.
import type { IncomingMessage } from "node:http";
import type { Caller } from "./access-keys.ts";
import { AwsError } from "./aws-error.ts";
import { protocolOf, type WireProtocol } from "./wire-protocol.ts";

/** What is asked, told apart from who asks. */
export interface Operation {
  /** As signatures name it, e.g. `ec2-instance-connect`. */
  readonly service: string;
  /** E.g. `DescribeInstances`; of a REST service method and path. */
  readonly name: string;
  readonly protocol: WireProtocol;
}

export interface Call extends Operation {
  readonly caller: Caller;
  /** That of the signature. */
  readonly region: string;
  /** Decoded body of a `json` call; an empty object of any other. */
  readonly input: Readonly<Record<string, unknown>>;
  /** Decoded form of a `query` or `ec2` call; empty of any other. */
  readonly parameters: URLSearchParams;
}

/** Where a call comes from, and the name of its answer. */
export interface CallOrigin {
  /** IP address. */
  readonly sourceAddress: string;
  readonly userAgent: string;
  /** That of the answer. */
  readonly requestId: string;
}

/** An answer of our own: an object is written as JSON, a string is the root element of an XML document. */
export type OwnAnswer = object | string;

/** Finds out what is asked for; `body` is empty where S3 streams it. */
export function readOperation(service: string, request: IncomingMessage, body: Buffer): Operation {
  const target = [request.headers["x-amz-target"]].flat()[0];
  const protocol = protocolOf(service, target);
  return { service, protocol, name: operationName(protocol, request, { target, body }) };
}

/** @throws AwsError SerializationException for a JSON body that is not an object */
export function readInput(protocol: WireProtocol, body: Buffer): Record<string, unknown> {
  if (protocol !== "json" || body.length === 0) return {};
  try {
    const input: unknown = JSON.parse(body.toString());
    if (typeof input === "object" && input !== null && !Array.isArray(input)) return input as Record<string, unknown>;
  } catch {
    // answered below
  }
  throw new AwsError("SerializationException", "Start of structure or map found where not expected.");
}

/** The list that a form spells `Name.1`, `Name.2` and so on. */
export function listOf(parameters: URLSearchParams, name: string): string[] {
  return [...parameters].filter(([key]) => key.startsWith(`${name}.`)).map(([, value]) => value);
}

/** The parameters of a `query` or `ec2` call, which stand in its body or, more rarely, in its address. */
export function readParameters(protocol: WireProtocol, request: IncomingMessage, body: Buffer): URLSearchParams {
  if (protocol !== "query" && protocol !== "ec2") return new URLSearchParams();
  const inBody = new URLSearchParams(body.toString());
  return inBody.has("Action") ? inBody : new URLSearchParams(request.url?.split("?")[1] ?? "");
}

function operationName(
  protocol: WireProtocol,
  request: IncomingMessage,
  { target, body }: { target: string | undefined; body: Buffer },
): string {
  if (target !== undefined) return target.slice(target.lastIndexOf(".") + 1);
  const action = readParameters(protocol, request, body).get("Action");
  return action ?? `${request.method ?? ""} ${request.url?.split("?")[0] ?? ""}`;
}
