// The payload that tells how large the client's terminal is.
import type { Buffer } from "node:buffer";
import { encodeJson } from "./json-payload.ts";

/** A terminal's size, in characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** The JSON of a size. Source: aws/session-manager-plugin src/message/clientmessage.go (SizeData). */
export function encodeTerminalSize({ columns, rows }: TerminalSize): Buffer {
  return encodeJson({ cols: columns, rows });
}
