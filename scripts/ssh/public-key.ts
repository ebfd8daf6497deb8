// Reads SSH public keys out of the files that people have: OpenSSH's, public and private, and PEM.
import { createPublicKey } from "node:crypto";

/** A public key, without its comment. */
export interface PublicKey {
  /** E.g. `ssh-ed25519`. */
  readonly type: string;
  /** The key as in `authorized_keys`, base64. */
  readonly base64: string;
}

const OPENSSH_ARMOR = /-----BEGIN OPENSSH PRIVATE KEY-----(?<body>[A-Za-z0-9+/=\s]+)-----END OPENSSH PRIVATE KEY-----/;
const PEM_ARMOR = /-----BEGIN (?:RSA |EC |DSA |ENCRYPTED )?PRIVATE KEY-----/;
const PUBLIC_LINE = /^(?<type>[a-z0-9@.-]+)[ \t]+(?<base64>[A-Za-z0-9+/]+=*)(?:[ \t]|$)/;
const MAGIC = "openssh-key-v1\0";

/** The key of a `.pub` file's line; undefined when it is none. */
export function readPublicKeyLine(text: string): PublicKey | undefined {
  const { type, base64 } = PUBLIC_LINE.exec(text.trim())?.groups ?? {};
  if (type === undefined || base64 === undefined) return undefined;
  return new SshReader(Buffer.from(base64, "base64")).string()?.toString("latin1") === type
    ? { type, base64 }
    : undefined;
}

/**
 * The public half of a private key file's text.
 *
 * OpenSSH's format holds it in the clear, with a passphrase too; PEM hides it behind one.
 *
 * @returns `encrypted` for PEM with a passphrase, undefined for what is no private key
 */
export function publicKeyOfPrivate(text: string): PublicKey | "encrypted" | undefined {
  const body = OPENSSH_ARMOR.exec(text)?.groups?.["body"];
  if (body !== undefined) return publicKeyOfOpenSsh(Buffer.from(body, "base64"));
  if (!PEM_ARMOR.test(text)) return undefined;
  return isEncryptedPem(text) ? "encrypted" : publicKeyOfPem(text);
}

/** @see PROTOCOL.key of openssh-portable */
function publicKeyOfOpenSsh(bytes: Buffer): PublicKey | undefined {
  if (bytes.toString("latin1", 0, MAGIC.length) !== MAGIC) return undefined;
  const reader = new SshReader(bytes.subarray(MAGIC.length));
  reader.string(); // cipher
  reader.string(); // key derivation
  reader.string(); // its options
  if (reader.uint32() !== 1) return undefined; // more than one key in a file was never defined
  const blob = reader.string();
  const type = blob === undefined ? undefined : new SshReader(blob).string()?.toString("latin1");
  return blob === undefined || type === undefined ? undefined : { type, base64: blob.toString("base64") };
}

function isEncryptedPem(text: string): boolean {
  return text.includes("-----BEGIN ENCRYPTED PRIVATE KEY-----") || /^Proc-Type:.*ENCRYPTED/m.test(text);
}

/** Such are the `.pem` files that EC2 hands out for its key pairs: RSA, seldom ed25519. */
function publicKeyOfPem(text: string): PublicKey | undefined {
  try {
    const { kty, n = "", e = "", x = "", crv } = createPublicKey(text).export({ format: "jwk" });
    if (kty === "RSA") return publicKeyOfParts("ssh-rsa", [positiveInteger(e), positiveInteger(n)]);
    if (crv === "Ed25519") return publicKeyOfParts("ssh-ed25519", [Buffer.from(x, "base64url")]);
    return { type: `${String(kty)} ${crv ?? ""}`.trim(), base64: "" }; // of a type that is refused by its name
  } catch {
    return undefined;
  }
}

function publicKeyOfParts(type: string, parts: readonly Buffer[]): PublicKey {
  const strings = [Buffer.from(type), ...parts].flatMap((part) => [lengthOf(part), part]);
  return { type, base64: Buffer.concat(strings).toString("base64") };
}

/** RFC 4251 `mpint`: a zero in front keeps the highest bit from meaning minus. */
function positiveInteger(base64url: string): Buffer {
  const bytes = Buffer.from(base64url, "base64url");
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
}

function lengthOf(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return length;
}

/** Reads RFC 4251's types; undefined where the bytes end too early. */
class SshReader {
  #rest: Buffer;

  constructor(bytes: Buffer) {
    this.#rest = bytes;
  }

  uint32(): number | undefined {
    if (this.#rest.length < 4) return undefined;
    const value = this.#rest.readUInt32BE(0);
    this.#rest = this.#rest.subarray(4);
    return value;
  }

  string(): Buffer | undefined {
    const length = this.uint32();
    if (length === undefined || length > this.#rest.length) return undefined;
    const bytes = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return bytes;
  }
}
