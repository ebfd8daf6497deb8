// Signs the HTTP request that opens the data channel's websocket, as session-manager-plugin does since 1.2.764.
import { Sha256 } from "@smithy/core/checksum";
import { SignatureV4 } from "@smithy/signature-v4";
import type { CredentialProvider } from "./credentials.ts";

const SIGNING_NAME = "ssmmessages";

export interface UpgradeSigning {
  readonly region: string;
  readonly credentials: CredentialProvider;
  /** The service's time, in milliseconds since 1970 UTC. */
  readonly nowMs: number;
}

/**
 * Headers for the upgrade request: SigV4 over host, date and, with temporary credentials, their token.
 *
 * @returns no headers when there are no credentials: then the session's token alone decides, as for older plugins
 */
export async function signUpgrade(url: URL, signing: UpgradeSigning): Promise<Record<string, string>> {
  const credentials = await signing.credentials().catch(() => undefined);
  if (credentials === undefined) return {};
  const signer = new SignatureV4({
    credentials,
    region: signing.region,
    service: SIGNING_NAME,
    sha256: Sha256,
    applyChecksum: false, // the plugin signs no x-amz-content-sha256
  });
  const signed = await signer.sign(
    {
      method: "GET",
      protocol: url.protocol,
      hostname: url.hostname,
      path: url.pathname,
      query: queryOf(url),
      headers: { host: url.host },
    },
    { signingDate: new Date(signing.nowMs) },
  );
  // The websocket's client writes the host itself.
  return Object.fromEntries(Object.entries(signed.headers).filter(([name]) => name !== "host"));
}

/** A name that occurs more than once has a list of values. */
function queryOf(url: URL): Record<string, string | string[]> {
  const names = new Set(url.searchParams.keys());
  return Object.fromEntries(
    [...names].map((name) => {
      const values = url.searchParams.getAll(name);
      return [name, values.length === 1 ? (values[0] ?? "") : values];
    }),
  );
}
