// The project's own known-hosts files: one host key for each instance, by its id.
import { createHmac, randomUUID } from "node:crypto";
import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { errorCode } from "../errors/error-code.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";
import { readPublicKeyLine } from "./public-key.ts";

/**
 * The one kind of host key that is kept and accepted; every image that has EC2 Instance Connect has one.
 *
 * With several kinds, ssh's `accept-new` would take a new key of another kind from whoever stands in between.
 */
export const HOST_KEY_TYPE = "ssh-ed25519";
/** For ssh's setting of that name; certificates are for those who have an authority of their own. */
export const HOST_KEY_ALGORITHMS = `ssh-ed25519-cert-v01@openssh.com,${HOST_KEY_TYPE}`;

/**
 * A file as sshd(8) describes it, read and written as a whole each time: ssh writes to it too.
 *
 * Every call throws UserError (73) where the file cannot be used.
 */
export class KnownHosts {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** The host's key, base64; undefined when none is known. */
  keyOf(host: string): string | undefined {
    return this.#lines()
      .map(readLine)
      .find((entry) => entry !== undefined && namesHost(entry.hosts, host))?.base64;
  }

  /** Adds a key, base64, of a host that has none. */
  add(host: string, base64: string): void {
    const lines = this.#lines();
    const lineBreak = lines.length > 0 && lines.at(-1) !== "" ? "\n" : "";
    // One write at the end of the file: neither ssh's lines nor another command's are lost.
    try {
      appendFileSync(this.path, `${lineBreak}${line(host, base64)}`, { mode: 0o600 });
    } catch (error) {
      throw this.#unusable("write", error);
    }
  }

  /** Makes the file hold this one key, or none; ssh, which may be reading, meets the old file or the new one. */
  holdOnly(host: string, base64: string | undefined): void {
    const content = base64 === undefined ? "" : line(host, base64);
    if (this.#text() === content) return;
    if (content === "") {
      rmSync(this.path, { force: true });
      return;
    }
    const unfinished = `${this.path}.${randomUUID()}`;
    writeFileSync(unfinished, content, { mode: 0o600 });
    renameSync(unfinished, this.path);
  }

  #lines(): string[] {
    return this.#text().split("\n");
  }

  #text(): string {
    try {
      return readFileSync(this.path, "utf8");
    } catch (error) {
      if (errorCode(error) === "ENOENT") return "";
      throw this.#unusable("read", error);
    }
  }

  #unusable(doing: "read" | "write", cause: unknown): UserError {
    return new UserError(`cannot ${doing} ${quoted(this.path)}: ${errorCode(cause) ?? String(cause)}`, {
      hint: "the host keys of instances are kept there; move it away, or make it a file that you may read and write",
      exitCode: ExitCode.CannotCreate,
      cause,
    });
  }
}

function line(host: string, base64: string): string {
  return `${host} ${HOST_KEY_TYPE} ${base64}\n`;
}

/** Lines that begin with @ mark authorities and revoked keys: they are ssh's business. */
function readLine(text: string): { readonly hosts: string; readonly base64: string } | undefined {
  const [, hosts = "", key = ""] = /^([^\s@#]\S*)[ \t]+(.+)$/.exec(text) ?? [];
  const publicKey = readPublicKeyLine(key);
  return publicKey?.type === HOST_KEY_TYPE ? { hosts, base64: publicKey.base64 } : undefined;
}

const HASHED = /^\|1\|(?<salt>[^|]+)\|(?<hash>[^|]+)$/;

/** ssh writes names hashed where its HashKnownHosts says so: HMAC-SHA1 of the name, keyed by a salt. */
function namesHost(hosts: string, host: string): boolean {
  const { salt, hash } = HASHED.exec(hosts)?.groups ?? {};
  if (salt === undefined) return hosts.split(",").includes(host);
  return createHmac("sha1", Buffer.from(salt, "base64")).update(host).digest("base64") === hash;
}
