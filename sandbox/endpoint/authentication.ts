// Who sends a request: its signature checked, or AWS's own words of refusal.
import type { Clock } from "../../session-manager/clock.ts";
import type { AccessKey, Caller } from "./access-keys.ts";
import { AwsError } from "./aws-error.ts";
import { formatTimestamp, isSignedWith, timestampMs, type Authorization, type SignedRequest } from "./signature-v4.ts";
import type { WireProtocol } from "./wire-protocol.ts";

type Fault = "missing" | "incomplete" | "unknown-key" | "wrong-signature" | "wrong-time" | "wrong-token" | "expired";

const MINUTE_MS = 60_000;
/** How far a signature's time may be from the service's. */
const SKEW_MINUTES: Record<WireProtocol, number> = { json: 5, query: 5, ec2: 5, "rest-json": 5, "rest-xml": 15 };

const NO_MATCH =
  "The request signature we calculated does not match the signature you provided. " +
  "Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
const INVALID_TOKEN = "The security token included in the request is invalid.";
const EXPIRED_TOKEN = "The security token included in the request is expired";
const NOT_VALIDATED = "AWS was not able to validate the provided access credentials";

type Refusal = readonly [code: string, message: string, httpStatus: number];

const JSON_REFUSALS: Record<Fault, Refusal> = {
  missing: ["MissingAuthenticationTokenException", "Missing Authentication Token", 400],
  incomplete: ["IncompleteSignatureException", "The request signature does not conform to AWS standards.", 400],
  "unknown-key": ["UnrecognizedClientException", INVALID_TOKEN, 400],
  "wrong-signature": ["InvalidSignatureException", NO_MATCH, 400],
  "wrong-time": ["InvalidSignatureException", "", 400],
  "wrong-token": ["UnrecognizedClientException", INVALID_TOKEN, 400],
  expired: ["ExpiredTokenException", EXPIRED_TOKEN, 400],
};

/** The same fault has another name in each protocol; SDKs decide by the name whether to try again. */
const REFUSALS: Record<WireProtocol, Record<Fault, Refusal>> = {
  json: JSON_REFUSALS,
  "rest-json": {
    ...JSON_REFUSALS,
    missing: ["MissingAuthenticationTokenException", "Missing Authentication Token", 403],
    "unknown-key": ["UnrecognizedClientException", INVALID_TOKEN, 403],
    "wrong-signature": ["InvalidSignatureException", NO_MATCH, 403],
    "wrong-time": ["InvalidSignatureException", "", 403],
    "wrong-token": ["UnrecognizedClientException", INVALID_TOKEN, 403],
    expired: ["ExpiredTokenException", EXPIRED_TOKEN, 403],
  },
  query: {
    missing: ["MissingAuthenticationToken", "Request is missing Authentication Token", 403],
    incomplete: ["IncompleteSignature", "The request signature does not conform to AWS standards.", 400],
    "unknown-key": ["InvalidClientTokenId", INVALID_TOKEN, 403],
    "wrong-signature": ["SignatureDoesNotMatch", NO_MATCH, 403],
    "wrong-time": ["SignatureDoesNotMatch", "", 403],
    "wrong-token": ["InvalidClientTokenId", INVALID_TOKEN, 403],
    expired: ["ExpiredToken", EXPIRED_TOKEN, 403],
  },
  ec2: {
    missing: ["MissingParameter", "The request must contain the parameter AWSAccessKeyId", 400],
    incomplete: ["IncompleteSignature", "The request signature does not conform to AWS standards.", 400],
    "unknown-key": ["AuthFailure", NOT_VALIDATED, 401],
    "wrong-signature": ["AuthFailure", NOT_VALIDATED, 401],
    "wrong-time": ["RequestExpired", "Request has expired.", 400],
    "wrong-token": ["AuthFailure", NOT_VALIDATED, 401],
    expired: ["RequestExpired", "Request has expired.", 400],
  },
  "rest-xml": {
    missing: ["AccessDenied", "Access Denied", 403],
    incomplete: ["AuthorizationHeaderMalformed", "The authorization header is malformed.", 400],
    "unknown-key": ["InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403],
    "wrong-signature": ["SignatureDoesNotMatch", NO_MATCH, 403],
    "wrong-time": [
      "RequestTimeTooSkewed",
      "The difference between the request time and the current time is too large.",
      403,
    ],
    "wrong-token": ["InvalidToken", "The provided token is malformed or otherwise invalid.", 400],
    expired: ["ExpiredToken", "The provided token has expired.", 400],
  },
};

export interface AuthenticationOptions {
  readonly request: SignedRequest;
  readonly authorization: Authorization | "incomplete" | undefined;
  /** Empty where S3 streams it. */
  readonly body: Buffer;
  readonly protocol: WireProtocol;
  readonly clock: Clock;
  readonly findKey: (accessKeyId: string) => Promise<AccessKey | undefined>;
}

/**
 * The caller whose secret key has signed the request.
 *
 * @throws AwsError as the service would answer: no, a bad or an out-of-date signature, an unknown key, an expired token
 */
export async function authenticate(options: AuthenticationOptions): Promise<Caller> {
  const { authorization, protocol, clock, findKey } = options;
  if (authorization === undefined) throw refusal(protocol, "missing");
  if (authorization === "incomplete") throw refusal(protocol, "incomplete");
  checkTime(authorization, protocol, clock.now());
  const key = await findKey(authorization.accessKeyId);
  if (key === undefined) throw refusal(protocol, "unknown-key");
  if (key.sessionToken !== authorization.sessionToken) throw refusal(protocol, "wrong-token");
  if (!isSignedWith(key.secretAccessKey, options.request, authorization, options.body))
    throw refusal(protocol, "wrong-signature");
  if (key.expirationMs !== undefined && key.expirationMs <= clock.now()) throw refusal(protocol, "expired");
  return key.caller;
}

/** @throws AwsError that names both times, from which an SDK corrects its clock (it reads the Date header) */
function checkTime({ timestamp, expiresSeconds }: Authorization, protocol: WireProtocol, nowMs: number): void {
  const minutes = SKEW_MINUTES[protocol];
  const earliestMs = nowMs - (expiresSeconds === undefined ? minutes * MINUTE_MS : expiresSeconds * 1_000);
  const latestMs = nowMs + minutes * MINUTE_MS;
  const signedMs = timestampMs(timestamp);
  const now = formatTimestamp(nowMs);
  if (signedMs < earliestMs) {
    const limit = `${formatTimestamp(earliestMs)} (${now} - ${minutes} min.)`;
    throw refusal(protocol, "wrong-time", `Signature expired: ${timestamp} is now earlier than ${limit}`);
  }
  if (signedMs > latestMs) {
    const limit = `${formatTimestamp(latestMs)} (${now} + ${minutes} min.)`;
    throw refusal(protocol, "wrong-time", `Signature not yet current: ${timestamp} is still later than ${limit}`);
  }
}

function refusal(protocol: WireProtocol, fault: Fault, detail = ""): AwsError {
  const [code, message, httpStatus] = REFUSALS[protocol][fault];
  return new AwsError(code, message === "" ? detail : message, httpStatus);
}
