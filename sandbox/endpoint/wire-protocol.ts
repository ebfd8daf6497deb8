// How the services of AWS write an error: each of their protocols has its own way.
import type { AwsError } from "./aws-error.ts";

/** `json`: ssm, ec2-instance-connect, kms, logs; `query`: iam, sts, rds; `rest-xml`: s3; the upgrade of a data channel is `rest-json`. */
export type WireProtocol = "json" | "query" | "ec2" | "rest-xml" | "rest-json";

export interface WireAnswer {
  readonly httpStatus: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const QUERY_SERVICES = new Set([
  ...["iam", "sts", "rds", "elasticache", "sns", "autoscaling", "elasticloadbalancing", "monitoring"],
]);

/** The protocol that a service speaks; `target` is the header `x-amz-target`, which only `json` has. */
export function protocolOf(service: string, target: string | undefined): WireProtocol {
  if (service === "ec2") return "ec2";
  if (service === "s3") return "rest-xml";
  if (target !== undefined) return "json";
  return QUERY_SERVICES.has(service) ? "query" : "rest-json";
}

/** @see aws/smithy, specifications of awsJson1_1, awsQuery, ec2Query, restXml and restJson1: operation error serialization */
export function writeError(protocol: WireProtocol, error: AwsError, requestId: string): WireAnswer {
  const code = `<Code>${escapeXml(error.code)}</Code>`;
  const message = `<Message>${escapeXml(error.message)}</Message>`;
  switch (protocol) {
    case "json":
      return writeJson(error.httpStatus, { __type: error.code, message: error.message }, requestId);
    case "rest-json": {
      const answer = writeJson(error.httpStatus, { message: error.message }, requestId);
      return { ...answer, headers: { ...answer.headers, "x-amzn-errortype": error.code } };
    }
    case "query": {
      const fault = error.httpStatus < 500 ? "Sender" : "Receiver";
      const body = `<Error><Type>${fault}</Type>${code}${message}</Error><RequestId>${requestId}</RequestId>`;
      return writeXml(error.httpStatus, `<ErrorResponse>${body}</ErrorResponse>`, requestId);
    }
    case "ec2": {
      const body = `<Errors><Error>${code}${message}</Error></Errors><RequestID>${requestId}</RequestID>`;
      return writeXml(error.httpStatus, `<Response>${body}</Response>`, requestId);
    }
    case "rest-xml": {
      const body = `<Error>${code}${message}<RequestId>${requestId}</RequestId></Error>`;
      return writeXml(error.httpStatus, body, requestId);
    }
  }
}

export function writeJson(httpStatus: number, content: object, requestId: string): WireAnswer {
  const headers = { "content-type": "application/x-amz-json-1.1", "x-amzn-requestid": requestId };
  return { httpStatus, headers, body: JSON.stringify(content) };
}

/** `body` is the root element. */
export function writeXml(httpStatus: number, body: string, requestId: string): WireAnswer {
  const headers = { "content-type": "text/xml;charset=UTF-8", "x-amzn-requestid": requestId };
  return { httpStatus, headers, body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}` };
}

export function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
