// Whose certificates are believed, where AWS_CA_BUNDLE names more than Node knows.
import { readFileSync } from "node:fs";
import { rootCertificates } from "node:tls";
import { ExitCode } from "../errors/exit-code.ts";
import { quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Node's own certificate authorities and those of AWS_CA_BUNDLE, the AWS CLI's variable, in PEM.
 *
 * Undefined without that variable: Node then believes its own, and reads NODE_EXTRA_CA_CERTS by itself. A list replaces
 * all of that, so it is put together here.
 *
 * @throws UserError (66) when the file cannot be read
 */
export function trustedAuthorities(environment: Environment): string[] | undefined {
  const bundle = environment["AWS_CA_BUNDLE"] ?? "";
  if (bundle === "") return undefined;
  return [...rootCertificates, ...extraAuthorities(environment), readBundle(bundle)];
}

function extraAuthorities(environment: Environment): string[] {
  try {
    return [readFileSync(environment["NODE_EXTRA_CA_CERTS"] ?? "", "utf8")];
  } catch {
    return []; // not set; or Node itself has warned that it cannot be read
  }
}

function readBundle(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new UserError(`cannot read ${quoted(path)}, which AWS_CA_BUNDLE names`, {
      hint: "name a file of certificates in PEM, or unset AWS_CA_BUNDLE",
      exitCode: ExitCode.NotFound,
      cause,
    });
  }
}
