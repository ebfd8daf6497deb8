// A certificate authority of a test's own, and a server's certificate from it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificates {
  /** File with the authority's certificate, for NODE_EXTRA_CA_CERTS. */
  readonly authorityFile: string;
  /** In PEM. */
  readonly certificate: string;
  readonly key: string;
  remove(): void;
}

/** Certificates for a server with these names; made by the system's openssl. */
export function makeCertificates(names: readonly string[]): Certificates {
  const directory = mkdtempSync(join(tmpdir(), "certificates-"));
  const openssl = (...words: readonly string[]): void => {
    execFileSync("openssl", [...words], { cwd: directory, stdio: "pipe" });
  };
  writeFileSync(join(directory, "names"), `subjectAltName=${names.map((name) => `DNS:${name}`).join(",")}\n`);
  const newKey = (name: string): string[] => ["-newkey", "rsa:2048", "-nodes", "-keyout", `${name}.key`];
  openssl("req", "-x509", ...newKey("authority"), "-days", "2", "-subj", "/CN=test authority", "-out", "authority.pem");
  openssl("req", "-new", ...newKey("server"), "-subj", "/CN=test server", "-out", "server.csr");
  const signer = ["-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial"];
  openssl("x509", "-req", "-in", "server.csr", ...signer, "-days", "2", "-extfile", "names", "-out", "server.pem");
  return {
    authorityFile: join(directory, "authority.pem"),
    certificate: readFileSync(join(directory, "server.pem"), "utf8"),
    key: readFileSync(join(directory, "server.key"), "utf8"),
    remove: () => {
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
