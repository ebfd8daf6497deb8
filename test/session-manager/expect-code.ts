// The one way in which tests look at a ProtocolError: by its code, which is stable.
import { expect } from "@jest/globals";
import { ProtocolError } from "../../session-manager/protocol-error.ts";

/** Expects that `action` throws a ProtocolError with this code. */
export function expectCode(action: () => unknown, code: string): void {
  expect(codeOf(action)).toBe(code);
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  return "nothing was thrown";
}
