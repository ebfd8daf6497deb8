// RDS's IAM authentication token, seen from the side that checks it: a presigned request for rds-db:connect.
import type { Clock } from "../../session-manager/clock.ts";
import type { AccessKey, Caller } from "../endpoint/access-keys.ts";
import { authenticate } from "../endpoint/authentication.ts";
import { AwsError } from "../endpoint/aws-error.ts";
import { readAuthorization, type Authorization, type SignedRequest } from "../endpoint/signature-v4.ts";

/** The instance that the token must have been made for. */
export interface TokenDatabase {
  readonly address: string;
  readonly port: number;
  /** E.g. `db-ABCDEFGHIJKL01234`, part of the ARN that policies name. */
  readonly resourceId: string;
  readonly hasIamAuthentication: boolean;
}

export interface TokenCheck {
  readonly clock: Clock;
  readonly region: string;
  readonly findKey: (accessKeyId: string) => Promise<AccessKey | undefined>;
  /** Whether this caller's policies allow rds-db:connect. */
  readonly mayConnect: (caller: Caller, resourceId: string, user: string) => Promise<boolean>;
}

/** RDS takes no token that was made to last longer. */
const LONGEST_VALIDITY_SECONDS = 900;

/**
 * Whether the token is one for this user of this database: `HOST:PORT/?Action=connect&DBUser=…&X-Amz-…`, signed with the
 * keys of somebody who may connect, and not expired.
 *
 * @see https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
 */
export async function isTokenValid(
  { user, token }: { readonly user: string; readonly token: string },
  database: TokenDatabase,
  { clock, region, findKey, mayConnect }: TokenCheck,
): Promise<boolean> {
  const request = requestIn(token, database);
  if (request === undefined) return false;
  const authorization = readAuthorization(request);
  if (authorization === undefined || authorization === "incomplete") return false;
  if (!isFor(user, region, authorization, new URL(request.target, "http://localhost").searchParams)) return false;
  try {
    const signed = { request, authorization, body: Buffer.alloc(0), protocol: "query", clock, findKey } as const;
    return await mayConnect(await authenticate(signed), database.resourceId, user);
  } catch (error) {
    if (error instanceof AwsError) return false;
    throw error;
  }
}

/** The request that was presigned; undefined if it is not one to this database. */
function requestIn(token: string, { address, port, hasIamAuthentication }: TokenDatabase): SignedRequest | undefined {
  const host = `${address}:${port}`;
  if (!hasIamAuthentication || !token.startsWith(`${host}/?`)) return undefined;
  return { method: "GET", target: token.slice(host.length), headers: { host } };
}

function isFor(user: string, region: string, authorization: Authorization, query: URLSearchParams): boolean {
  const isScoped = authorization.service === "rds-db" && authorization.region === region;
  const isAsked = query.get("Action") === "connect" && query.get("DBUser") === user;
  return isScoped && isAsked && (authorization.expiresSeconds ?? Infinity) <= LONGEST_VALIDITY_SECONDS;
}
