// A certificate authority for the sandbox's databases, as RDS has one, and a certificate for each endpoint.
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { ExitCode } from "../../scripts/errors/exit-code.ts";
import { UserError } from "../../scripts/errors/user-error.ts";

/** A certificate and its key, PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
const DAYS = "30";
/** A name that may stand in a certificate's extension, and become a file's name. */
const HOST_NAME = /^[a-z0-9][a-z0-9.-]{0,252}$/;

/** Made when the first certificate is asked for; everything lies in one private folder. */
export class CertificateAuthority {
  /** What clients check with, PEM: the counterpart of RDS's `global-bundle.pem`. */
  readonly file: string;
  readonly #directory: string;
  readonly #keyFile: string;
  #made: Promise<void> | undefined;

  constructor(directory: string) {
    this.#directory = directory;
    this.file = join(directory, "rds-ca.pem");
    this.#keyFile = join(directory, "rds-ca.key");
  }

  /**
   * Makes it, if it is not there yet.
   *
   * @throws UserError (69) where there is no openssl
   */
  make(): Promise<void> {
    this.#made ??= this.#make();
    return this.#made;
  }

  /** A certificate for a host. */
  async issue(host: string): Promise<Certificate> {
    if (!HOST_NAME.test(host)) throw new TypeError("cannot issue a certificate: that is no host name");
    await this.make();
    const path = (extension: string): string => join(this.#directory, `${host}.${extension}`);
    writeFileSync(path("ext"), `subjectAltName=DNS:${host}\nextendedKeyUsage=serverAuth\n`, { mode: 0o600 });
    await openssl(["req", "-new", ...NEW_KEY, "-subj", "/CN=database", "-keyout", path("key"), "-out", path("csr")]);
    const signing = ["-CA", this.file, "-CAkey", this.#keyFile, "-CAcreateserial", "-days", DAYS];
    const files = ["-in", path("csr"), "-extfile", path("ext"), "-out", path("pem")];
    await openssl(["x509", "-req", ...signing, ...files]);
    return { cert: readFileSync(path("pem"), "utf8"), key: readFileSync(path("key"), "utf8") };
  }

  async #make(): Promise<void> {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const subject = ["-subj", "/CN=RDS of the sandbox", "-days", DAYS];
    await openssl(["req", "-x509", ...NEW_KEY, ...subject, "-keyout", this.#keyFile, "-out", this.file]);
  }
}

async function openssl(words: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)("openssl", [...words]);
  } catch (cause) {
    const { stderr, message } = cause as { stderr?: string; message: string };
    throw new UserError(`cannot make a certificate: openssl says ${JSON.stringify((stderr ?? message).trim())}`, {
      hint: "install OpenSSL: apt-get install openssl, dnf install openssl",
      exitCode: ExitCode.Unavailable,
      cause,
    });
  }
}
