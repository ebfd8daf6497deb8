// Tells an error of TLS that is about the other side's certificate from the rest.
import { errorCode } from "./error-code.ts";

/** @see node:tls, "X509 certificate error codes" */
const CERTIFICATE_REFUSED: ReadonlySet<string> = new Set([
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** Whether a certificate was refused, by this error or by one behind it: as a rule because its authority is not known. */
export function isCertificateRefused(error: unknown): boolean {
  for (let behind = error; behind !== undefined; behind = causeOf(behind)) {
    if (CERTIFICATE_REFUSED.has(errorCode(behind) ?? "")) return true;
  }
  return false;
}

function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== error ? error.cause : undefined;
}
