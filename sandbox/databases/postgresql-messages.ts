// The few messages of PostgreSQL's protocol with which a connection begins.
import { Buffer } from "node:buffer";

/** What a client may say first; each is a length and a code, both 32 bits, and then its own content. */
export type FirstPacket =
  | { readonly type: "tls-request" }
  | { readonly type: "gss-request" }
  | { readonly type: "cancel-request" }
  | { readonly type: "startup"; readonly user: string; readonly database: string }
  | { readonly type: "unknown" };

/** @see https://www.postgresql.org/docs/current/protocol-message-formats.html */
const CODES = { cancelRequest: 80_877_102, tlsRequest: 80_877_103, gssRequest: 80_877_104 } as const;
const PROTOCOL_MAJOR = 3;
const LENGTH_BYTES = 4;
const CODE_BYTES = 4;

/** PostgreSQL's own limit (MAX_STARTUP_PACKET_LENGTH). */
export const MAX_FIRST_PACKET_BYTES = 10_000;
/** A token is about 1 KiB, with a role's session token 2. */
export const MAX_PASSWORD_BYTES = 16 * 1024;

/** Backend messages begin with a letter. */
export const AUTHENTICATION = "R".charCodeAt(0);
export const PASSWORD = "p".charCodeAt(0);

/** A whole first packet, with its length. */
export function readFirstPacket(packet: Buffer): FirstPacket {
  if (packet.length < LENGTH_BYTES + CODE_BYTES) return { type: "unknown" };
  const code = packet.readInt32BE(LENGTH_BYTES);
  if (code === CODES.tlsRequest) return { type: "tls-request" };
  if (code === CODES.gssRequest) return { type: "gss-request" };
  if (code === CODES.cancelRequest) return { type: "cancel-request" };
  if (code >> 16 !== PROTOCOL_MAJOR) return { type: "unknown" };
  const words = packet
    .subarray(LENGTH_BYTES + CODE_BYTES)
    .toString("utf8")
    .split("\0");
  const parameters = new Map(words.flatMap((word, index) => (index % 2 === 0 ? [[word, words[index + 1] ?? ""]] : [])));
  const user = parameters.get("user") ?? "";
  return { type: "startup", user, database: parameters.get("database") ?? user };
}

/** What the server says of the login: 0 is "you are in"; other numbers ask for something. */
export function isAuthenticationOk(message: Buffer): boolean {
  return message[0] === AUTHENTICATION && message.length >= 9 && message.readInt32BE(5) === 0;
}

/** AuthenticationCleartextPassword, which RDS sends for a user with the role rds_iam. */
export const ASK_FOR_PASSWORD = Buffer.from([AUTHENTICATION, 0, 0, 0, 8, 0, 0, 0, 3]);

/** A PasswordMessage's content. */
export function readPassword(message: Buffer): string {
  const text = message.subarray(5).toString("utf8");
  const end = text.indexOf("\0");
  return end === -1 ? text : text.slice(0, end);
}

/** ErrorResponse that ends the connection; `28000` is "invalid authorization specification". */
export function fatalError(message: string, sqlState = "28000"): Buffer {
  const fields = [`SFATAL`, `VFATAL`, `C${sqlState}`, `M${message}`].map((field) => `${field}\0`).join("");
  const content = Buffer.from(`${fields}\0`);
  const head = Buffer.alloc(1 + LENGTH_BYTES);
  head.write("E");
  head.writeInt32BE(content.length + LENGTH_BYTES, 1);
  return Buffer.concat([head, content]);
}
