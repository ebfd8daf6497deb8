// What the SDK throws, in words that a person can act on; matched by name and code, never by text.
import { ExitCode } from "../errors/exit-code.ts";
import { errorCode } from "../errors/error-code.ts";
import { isCertificateRefused } from "../errors/certificate-refusal.ts";
import { printable, quoted } from "../errors/printable.ts";
import { SandboxNotRunningError } from "../errors/sandbox-not-running-error.ts";
import { TargetNotConnectedError } from "../errors/target-not-connected-error.ts";
import { UserError, type UserErrorOptions } from "../errors/user-error.ts";

/** The call that met the error. */
export interface AwsCall {
  /** As IAM writes it, e.g. `ssm:StartSession`. */
  readonly action: string;
  /** What it was called on, e.g. an instance id; undefined when on everything. */
  readonly resource: string | undefined;
  readonly region: string;
  readonly profile: string | undefined;
}

type Translation = (call: AwsCall, cause: Error) => UserError;

const NOT_ALLOWED = names("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthException");
const EXPIRED = names("ExpiredToken", "ExpiredTokenException", "RequestExpired");
const KEYS_REFUSED = names("AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId");
const SIGNATURE_REFUSED = names(
  "InvalidSignatureException",
  "SignatureDoesNotMatch",
  "IncompleteSignature",
  "IncompleteSignatureException",
  "MissingAuthenticationToken",
);
const THROTTLED = names("RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequestsException");
const NO_SUCH_INSTANCE = names("InvalidInstanceID.NotFound", "EC2InstanceNotFoundException");
const MALFORMED_INSTANCE = names("InvalidInstanceID.Malformed");
const INSTANCE_NOT_READY = names("EC2InstanceStateInvalidException", "EC2InstanceUnavailableException");
const NO_SUCH_DOCUMENT = names("InvalidDocument", "InvalidDocumentVersion");
const NO_SUCH_KEY = names("NotFoundException");
const KEY_NOT_USABLE = names(
  "DisabledException",
  "InvalidKeyUsageException",
  "KeyUnavailableException",
  "KMSInvalidStateException",
);
const SERVICE_FAILED = names(
  "InternalServerError",
  "InternalError",
  "KMSInternalException",
  "ServiceException",
  "ServiceUnavailable",
  "Unavailable",
);

const translations: readonly (readonly [ReadonlySet<string>, Translation])[] = [
  [NOT_ALLOWED, notAllowed],
  [EXPIRED, expired],
  [KEYS_REFUSED, keysRefused],
  [
    SIGNATURE_REFUSED,
    (call, cause) =>
      denied(call, "AWS refuses the signature", "is the secret access key the one of the access key id?", cause),
  ],
  [names("TargetNotConnected"), targetNotConnected],
  [
    THROTTLED,
    (call, cause) =>
      failed(call, "AWS asks for fewer calls", {
        hint: "wait a minute, then run the command again",
        exitCode: ExitCode.TryAgain,
        cause,
      }),
  ],
  [
    NO_SUCH_INSTANCE,
    (call, cause) =>
      failed(call, `no such instance in ${call.region}`, {
        hint: "is it another Region or account? see --region and --profile",
        exitCode: ExitCode.NotFound,
        cause,
      }),
  ],
  [
    MALFORMED_INSTANCE,
    (call, cause) =>
      failed(call, "that is no instance id", {
        hint: "ids look like i-0123456789abcdef0",
        exitCode: ExitCode.Usage,
        cause,
      }),
  ],
  [
    INSTANCE_NOT_READY,
    (call, cause) =>
      failed(call, "the instance is not running", {
        hint: "start it, then run the command again",
        exitCode: ExitCode.Unavailable,
        cause,
      }),
  ],
  [
    NO_SUCH_DOCUMENT,
    (call, cause) =>
      failed(call, `no such session document in ${call.region}`, {
        hint: `AWS says: ${printable(cause.message)}`,
        exitCode: ExitCode.NotFound,
        cause,
      }),
  ],
  [
    NO_SUCH_KEY,
    (call, cause) =>
      failed(call, `no such KMS key in ${call.region}`, {
        hint: "the account's session preferences name that key: has it been deleted, or is it another Region's?",
        exitCode: ExitCode.NotFound,
        cause,
      }),
  ],
  [
    KEY_NOT_USABLE,
    (call, cause) =>
      failed(call, "the KMS key cannot be used", {
        hint: `is it disabled, or about to be deleted?\nAWS says: ${printable(cause.message)}`,
        exitCode: ExitCode.Unavailable,
        cause,
      }),
  ],
  [
    SERVICE_FAILED,
    (call, cause) =>
      failed(call, "AWS met an error of its own", {
        hint: "run the command again; see https://health.aws.amazon.com/ if it repeats",
        exitCode: ExitCode.TryAgain,
        cause,
      }),
  ],
];

/** The UserError for what a call threw; an error that has no translation comes back as it is. */
export function translateError(thrown: unknown, call: AwsCall): unknown {
  if (!(thrown instanceof Error) || thrown instanceof UserError) return thrown;
  const translate = translations.find(([known]) => known.has(thrown.name))?.[1] ?? networkTranslation(thrown);
  return translate === undefined ? thrown : translate(call, thrown);
}

function names(...list: readonly string[]): ReadonlySet<string> {
  return new Set(list);
}

function failed({ action, resource }: AwsCall, met: string, options: UserErrorOptions): UserError {
  return new UserError(
    `cannot call ${action}${resource === undefined ? "" : ` on ${quoted(resource)}`}: ${met}`,
    options,
  );
}

function denied(call: AwsCall, met: string, hint: string, cause: Error): UserError {
  return failed(call, met, { hint, exitCode: ExitCode.Denied, cause });
}

function notAllowed(call: AwsCall, cause: Error): UserError {
  const hint = `ask for the permission ${call.action}; docs/permissions.md has the policy\nAWS says: ${printable(cause.message)}`;
  return denied(call, "AWS does not allow it", hint, cause);
}

function expired(call: AwsCall, cause: Error): UserError {
  const { profile } = call;
  const hint =
    profile === undefined ? "renew them: new keys, or aws sso login" : `aws sso login --profile ${printable(profile)}`;
  return denied(call, "the AWS credentials have expired", hint, cause);
}

function keysRefused(call: AwsCall, cause: Error): UserError {
  const hint = `are the keys right, and is ${call.region} a Region that the account has switched on?`;
  return denied(call, "AWS does not know these credentials", `${hint}\nfor the sandbox: . .sandbox/env`, cause);
}

function targetNotConnected({ resource, region }: AwsCall, cause: Error): UserError {
  return new TargetNotConnectedError(
    `cannot start session: ${quoted(resource ?? "")} is not connected to Session Manager in ${region}`,
    {
      hint: "its SSM Agent holds no connection",
      exitCode: ExitCode.Unavailable,
      cause,
    },
  );
}

export const NO_ANSWER = "no answer in time";
export const LOOK_AT_THE_WAY = "is this computer online, and does it need HTTPS_PROXY?";
const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;
const UNREACHABLE = names("ECONNREFUSED", "ECONNRESET", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT", "EPIPE");
const NAME_UNKNOWN = names("ENOTFOUND", "EAI_AGAIN");

/** What node:net and node:tls put on their errors; one with several addresses behind it holds one error for each. */
interface NetworkError extends Error {
  readonly code?: string;
  readonly address?: string;
  readonly errors?: readonly NetworkError[];
}

function networkTranslation(thrown: Error): Translation | undefined {
  const { code = "", address } = firstOf(thrown);
  if (isUnanswered(thrown)) return unreachable(NO_ANSWER);
  if (NAME_UNKNOWN.has(code)) return unknownHost;
  if (isCertificateRefused(thrown)) return certificateRefused;
  if (!UNREACHABLE.has(code)) return undefined;
  return LOOPBACK.test(address ?? "") ? sandboxNotRunning : unreachable(code);
}

/** The SDK's own limits have run out. It gives the name to connections that were cut, too, but those have a code. */
export function isUnanswered(thrown: unknown): thrown is Error {
  return thrown instanceof Error && thrown.name === "TimeoutError" && errorCode(thrown) === undefined;
}

function firstOf(thrown: NetworkError): NetworkError {
  return thrown.errors?.[0] ?? thrown;
}

function sandboxNotRunning(call: AwsCall, cause: Error): UserError {
  return new SandboxNotRunningError(
    `cannot call ${call.action}: nothing answers at AWS_ENDPOINT_URL, an address of this computer`,
    {
      hint: "start the sandbox: npm run sandbox\nfor real AWS: unset AWS_ENDPOINT_URL",
      exitCode: ExitCode.Unavailable,
      cause,
    },
  );
}

function unknownHost(call: AwsCall, cause: Error): UserError {
  const hint = `is this computer online, and is "${call.region}" a Region?`;
  return failed(call, "its endpoint has no address", { hint, exitCode: ExitCode.Unavailable, cause });
}

function unreachable(met: string): Translation {
  return (call, cause) =>
    failed(call, `AWS cannot be reached (${met})`, {
      hint: LOOK_AT_THE_WAY,
      exitCode: ExitCode.Unavailable,
      cause,
    });
}

function certificateRefused(call: AwsCall, cause: Error): UserError {
  const hint = "behind a company's proxy: name its certificate authority with NODE_EXTRA_CA_CERTS";
  return failed(call, "the endpoint's certificate is not trusted", { hint, exitCode: ExitCode.Unavailable, cause });
}
