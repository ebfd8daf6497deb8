// Reading of JSON that a peer sent: members are checked one by one before anybody uses them.
import { Buffer } from "node:buffer";
import { ProtocolError } from "../protocol-error.ts";

/** Anything that JSON can say. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** A JSON object; a member that is not there is undefined. */
export interface JsonObject {
  readonly [member: string]: JsonValue | undefined;
}

/** What the JSON is, for errors: code `HANDSHAKE_REQUEST_NOT_JSON`, message "cannot decode handshake request: …". */
export type JsonSubject =
  | "acknowledge"
  | "channel closed"
  | "handshake request"
  | "handshake response"
  | "handshake complete"
  | "open data channel"
  | "encryption challenge"
  | "terminal size";

/** No JSON of the protocol comes near; a longer one is refused before it is parsed. */
const MAX_JSON_BYTES = 64 * 1024;

/** The bytes of a JSON value. */
export function encodeJson(value: JsonValue): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/**
 * The object in these bytes.
 *
 * @throws ProtocolError with the code `<SUBJECT>_TOO_LONG` (over 64 KiB) or `<SUBJECT>_NOT_JSON`
 */
export function decodeJsonObject(bytes: Uint8Array, subject: JsonSubject): JsonObject {
  if (bytes.length > MAX_JSON_BYTES) {
    throw refusal(subject, "TOO_LONG", `${bytes.length} bytes are more than ${MAX_JSON_BYTES}`);
  }
  const value = parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(), subject);
  if (!isJsonObject(value)) throw refusal(subject, "NOT_JSON", "it is not a JSON object");
  return value;
}

/** Whether the value is an object, neither list nor null. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The member, a string. @throws ProtocolError with the code `<SUBJECT>_BAD_MEMBER` */
export function stringMember(object: JsonObject, member: string, subject: JsonSubject): string {
  const value = object[member];
  if (typeof value !== "string") throw badMember(subject, member, "a string");
  return value;
}

/** The member, a string, or undefined if it is absent or null. @throws ProtocolError `<SUBJECT>_BAD_MEMBER` */
export function optionalStringMember(object: JsonObject, member: string, subject: JsonSubject): string | undefined {
  return object[member] === undefined || object[member] === null ? undefined : stringMember(object, member, subject);
}

/** The member, an integer from 0 to 2^53. @throws ProtocolError with the code `<SUBJECT>_BAD_MEMBER` */
export function integerMember(object: JsonObject, member: string, subject: JsonSubject): number {
  const value = object[member];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw badMember(subject, member, "an integer from 0");
  }
  return value;
}

/** The member, a list of objects. @throws ProtocolError with the code `<SUBJECT>_BAD_MEMBER` */
export function objectsMember(object: JsonObject, member: string, subject: JsonSubject): readonly JsonObject[] {
  const value = object[member];
  if (!isList(value) || !value.every(isJsonObject)) throw badMember(subject, member, "a list of objects");
  return value;
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function parse(text: string, subject: JsonSubject): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (cause) {
    throw refusal(subject, "NOT_JSON", "it is not JSON", cause);
  }
}

function badMember(subject: JsonSubject, member: string, wanted: string): ProtocolError {
  return refusal(subject, "BAD_MEMBER", `"${member}" is not ${wanted}`);
}

function refusal(subject: JsonSubject, code: string, detail: string, cause?: unknown): ProtocolError {
  const prefix = subject.toUpperCase().replaceAll(" ", "_");
  return new ProtocolError(`${prefix}_${code}`, `cannot decode ${subject}: ${detail}`, { cause });
}
