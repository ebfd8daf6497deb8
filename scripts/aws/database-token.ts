// Signs RDS's IAM authentication tokens: a presigned request that nobody sends, used as a password.
import { Sha256 } from "@smithy/core/checksum";
import { SignatureV4 } from "@smithy/signature-v4";
import type { DatabaseTokenRequest } from "../command/network-ports.ts";
import type { ClientSettings } from "./client-settings.ts";

const SIGNING_NAME = "rds-db";
/** The longest that RDS takes. It counts for logging in; a connection that is open stays open. */
const VALID_FOR_SECONDS = 900;

/**
 * The token: `HOST:PORT/?Action=connect&DBUser=…&X-Amz-…`, a secret.
 *
 * @see https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
 * @throws UserError (77) without credentials
 */
export async function databaseToken(
  { host, port, user }: DatabaseTokenRequest,
  { region, credentials, clock }: Pick<ClientSettings, "region" | "credentials" | "clock">,
): Promise<string> {
  const authority = `${host}:${port}`;
  const signer = new SignatureV4({ service: SIGNING_NAME, region, credentials, sha256: Sha256 });
  const { query = {} } = await signer.presign(
    {
      method: "GET",
      protocol: "https:",
      hostname: authority,
      path: "/",
      headers: { host: authority },
      query: { Action: "connect", DBUser: user },
    },
    { expiresIn: VALID_FOR_SECONDS, signingDate: new Date(clock.now()) },
  );
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeRfc3986(String(value))}`);
  return `${authority}/?${pairs.join("&")}`;
}

function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
}
