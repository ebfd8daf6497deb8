// AWS Signature Version 4, seen from the side that checks it.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** A request as it came; `target` is path and query, as sent. */
export interface SignedRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
}

/** What a request says about its signature, in its headers or, if it is presigned, in its query. */
export interface Authorization {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `20260102T030405Z` */
  readonly timestamp: string;
  readonly sessionToken: string | undefined;
  /** Only of a presigned request: how long it is valid. */
  readonly expiresSeconds: number | undefined;
}

const ALGORITHM = "AWS4-HMAC-SHA256";
const TIMESTAMP = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
const CREDENTIAL = /^(?<accessKeyId>[^/]+)\/(?<date>\d{8})\/(?<region>[^/]+)\/(?<service>[^/]+)\/aws4_request$/;
const PAYLOAD_UNSIGNED = "UNSIGNED-PAYLOAD";

/** The signature's particulars; undefined if the request is not signed, "incomplete" if some are missing or wrong. */
export function readAuthorization({ headers, target }: SignedRequest): Authorization | "incomplete" | undefined {
  if (headers.authorization !== undefined) return readHeaders(headers.authorization, headers);
  const query = queryOf(target);
  return query.has("X-Amz-Signature") ? readQuery(query) : undefined;
}

function readHeaders(authorization: string, headers: IncomingHttpHeaders): Authorization | "incomplete" {
  const [algorithm, ...rest] = authorization.split(" ");
  const fields = new Map(rest.join("").split(",").map(splitAtEquals));
  const field = (name: string): string => fields.get(name) ?? "";
  if (algorithm !== ALGORITHM) return "incomplete";
  return assemble({
    credential: field("Credential"),
    signedHeaders: field("SignedHeaders").split(";"),
    signature: field("Signature"),
    timestamp: headerValue(headers["x-amz-date"]) ?? "",
    sessionToken: headerValue(headers["x-amz-security-token"]),
    expiresSeconds: undefined,
  });
}

function readQuery(query: URLSearchParams): Authorization | "incomplete" {
  const field = (name: string): string => query.get(`X-Amz-${name}`) ?? "";
  if (field("Algorithm") !== ALGORITHM || !/^\d+$/.test(field("Expires"))) return "incomplete";
  return assemble({
    credential: field("Credential"),
    signedHeaders: field("SignedHeaders").split(";"),
    signature: field("Signature"),
    timestamp: field("Date"),
    sessionToken: query.get("X-Amz-Security-Token") ?? undefined,
    expiresSeconds: Number(field("Expires")),
  });
}

/** Milliseconds since 1970 UTC of an `x-amz-date`. */
export function timestampMs(timestamp: string): number {
  return Date.parse(timestamp.replace(TIMESTAMP, "$1-$2-$3T$4:$5:$6Z"));
}

/** Milliseconds since 1970 UTC as an `x-amz-date`. */
export function formatTimestamp(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/[-:]|\.\d+/g, "");
}

/** Whether the signature is the one that the owner of this secret key would have made. */
export function isSignedWith(
  secretAccessKey: string,
  request: SignedRequest,
  authorization: Authorization,
  body: Buffer,
): boolean {
  const expected = Buffer.from(sign(secretAccessKey, request, authorization, body));
  const met = Buffer.from(authorization.signature);
  return expected.length === met.length && timingSafeEqual(expected, met);
}

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function sign(secretAccessKey: string, request: SignedRequest, authorization: Authorization, body: Buffer): string {
  const { timestamp, region, service } = authorization;
  const date = timestamp.slice(0, 8);
  const canonicalRequest = [
    request.method,
    canonicalPath(request.target, service),
    canonicalQuery(request.target),
    ...authorization.signedHeaders.map((name) => `${name}:${canonicalHeader(request.headers[name])}`),
    "",
    authorization.signedHeaders.join(";"),
    payloadHash(request, authorization, body),
  ].join("\n");
  const scope = `${date}/${region}/${service}/aws4_request`;
  const stringToSign = [ALGORITHM, timestamp, scope, sha256(canonicalRequest)].join("\n");
  const signingKey = [date, region, service, "aws4_request"].reduce<Buffer | string>(hmac, `AWS4${secretAccessKey}`);
  return hmac(signingKey, stringToSign).toString("hex");
}

/** S3 streams bodies whose digest it cannot know beforehand, so there the header says what was signed. */
function payloadHash(request: SignedRequest, authorization: Authorization, body: Buffer): string {
  if (authorization.service !== "s3") return sha256(body);
  if (authorization.expiresSeconds !== undefined) return PAYLOAD_UNSIGNED;
  return headerValue(request.headers["x-amz-content-sha256"]) ?? sha256(body);
}

/** Every service but S3 signs the path encoded once more than it is sent. */
function canonicalPath(target: string, service: string): string {
  const path = target.split("?", 1)[0] ?? "/";
  return service === "s3" ? path : path.split("/").map(encodeRfc3986).join("/");
}

function canonicalQuery(target: string): string {
  return [...queryOf(target)]
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${encodeRfc3986(name)}=${encodeRfc3986(value)}`)
    .sort()
    .join("&");
}

function canonicalHeader(value: string | string[] | undefined): string {
  return [value ?? ""].flat().join(",").trim().replace(/ +/g, " ");
}

/** Unlike URLSearchParams.parse, a plus sign is itself: signers write a space as %20. */
function queryOf(target: string): URLSearchParams {
  const start = target.indexOf("?");
  return new URLSearchParams(start === -1 ? "" : target.slice(start + 1).replaceAll("+", "%2B"));
}

interface Scope {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

interface Fields extends Omit<Authorization, keyof Scope> {
  readonly credential: string;
}

function assemble({ credential, ...fields }: Fields): Authorization | "incomplete" {
  const scope = CREDENTIAL.exec(credential)?.groups as Scope | undefined;
  if (scope === undefined || fields.signature === "" || !TIMESTAMP.test(fields.timestamp)) return "incomplete";
  if (!fields.timestamp.startsWith(scope.date) || !fields.signedHeaders.includes("host")) return "incomplete";
  const { accessKeyId, region, service } = scope;
  return { ...fields, accessKeyId, region, service };
}

function splitAtEquals(field: string): [string, string] {
  const at = field.indexOf("=");
  return [field.slice(0, at), field.slice(at + 1)];
}

function headerValue(value: string | string[] | undefined): string | undefined {
  return value === undefined ? undefined : [value].flat().join(",");
}

function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
