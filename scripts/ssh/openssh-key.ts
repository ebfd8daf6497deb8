// Ed25519 key pairs in OpenSSH's own format, made in this process: starting ssh-keygen would cost more than the key.
import { generateKeyPairSync, randomBytes } from "node:crypto";

/** A key pair as text. `privateKey` is a secret. */
export interface KeyPairText {
  /** Content of the private key file. */
  readonly privateKey: string;
  /** One line as in `authorized_keys`: type, key, comment. */
  readonly publicKey: string;
}

const KEY_TYPE = "ssh-ed25519";
const MAGIC = "openssh-key-v1\0";
const NO_CIPHER = "none";
/** Padding of an unencrypted key reaches the next multiple of this. */
const BLOCK_BYTES = 8;
const BASE64_COLUMNS = 70;

/**
 * A new ed25519 key pair without a passphrase.
 *
 *   "openssh-key-v1\0"  string cipher  string kdf  string kdf options  uint32 number of keys
 *   string public key   string private part: uint32 check twice, type, public key, secret and public key, comment,
 *                       padding 1 2 3 ...
 *
 * @see PROTOCOL.key of openssh-portable; RFC 8709 for the key itself, RFC 4251 for `string`
 */
export function makeEd25519KeyPair(comment: string): KeyPairText {
  const { secret, point } = makeEd25519();
  const publicBlob = Buffer.concat([sshString(KEY_TYPE), sshString(point)]);
  const check = randomBytes(4);
  const privatePart = padded(
    Buffer.concat([
      check,
      check,
      sshString(KEY_TYPE),
      sshString(point),
      sshString(Buffer.concat([secret, point])),
      sshString(comment),
    ]),
  );
  const blob = Buffer.concat([
    Buffer.from(MAGIC, "latin1"),
    sshString(NO_CIPHER),
    sshString(NO_CIPHER),
    sshString(""),
    uint32(1),
    sshString(publicBlob),
    sshString(privatePart),
  ]);
  return { privateKey: armored(blob), publicKey: `${KEY_TYPE} ${publicBlob.toString("base64")} ${comment}` };
}

const KEY_BYTES = 32;

/**
 * Secret and public point, with which the two encodings of RFC 8410 end.
 *
 * Never by way of a KeyObject: Node 20 holds its lock while it exports it, and a garbage collection in just that moment
 * wants the same lock to take away what made the key. Then the process stands still for ever.
 */
function makeEd25519(): { secret: Buffer; point: Buffer } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519", {
    privateKeyEncoding: { format: "der", type: "pkcs8" },
    publicKeyEncoding: { format: "der", type: "spki" },
  });
  return { secret: privateKey.subarray(-KEY_BYTES), point: publicKey.subarray(-KEY_BYTES) };
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function sshString(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function padded(bytes: Buffer): Buffer {
  const missing = (BLOCK_BYTES - (bytes.length % BLOCK_BYTES)) % BLOCK_BYTES;
  return Buffer.concat([bytes, Buffer.from(Array.from({ length: missing }, (_, index) => index + 1))]);
}

function armored(blob: Buffer): string {
  const lines = blob.toString("base64").match(new RegExp(`.{1,${BASE64_COLUMNS}}`, "g")) ?? [];
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n");
}
