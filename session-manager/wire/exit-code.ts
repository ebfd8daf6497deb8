// The payload by which the agent tells how a command has ended.
import { Buffer } from "node:buffer";
import { ProtocolError } from "../protocol-error.ts";
import { quote } from "./quote.ts";

/** Windows has statuses of 32 bits, shown with or without a sign. */
const EXIT_CODE = /^EXIT_CODE: (-?\d{1,10})$/;

/**
 * The number in `EXIT_CODE: <number>`.
 *
 * Source: aws/amazon-ssm-agent agent/session/shell/shell.go.
 *
 * @throws ProtocolError with the code EXIT_CODE_BAD
 */
export function decodeExitCode(payload: Uint8Array): number {
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString("latin1");
  const digits = EXIT_CODE.exec(text)?.[1];
  if (digits !== undefined) return Number(digits);
  throw new ProtocolError("EXIT_CODE_BAD", `cannot decode exit code: ${quote(text)} holds none`);
}
