// Every decoder against hostile bytes: a value or a ProtocolError, never anything else.
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { ProtocolError } from "../../../session-manager/protocol-error.ts";
import { hostileInput } from "./hostile-bytes.ts";
import type { Target } from "./hostile-bytes.ts";

/** "decoded", or the code of the ProtocolError; anything else that is thrown passes on. */
function outcomeOf(target: Target, bytes: Buffer): string {
  try {
    target.decode(bytes);
    return `${target.name}: decoded`;
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
}

describe("decoders", () => {
  it("give a value or a ProtocolError for every input, and every refusal is reached", () => {
    const reached = new Map<string, number>();
    fc.assert(
      fc.property(hostileInput, ({ target, bytes }) => {
        const outcome = outcomeOf(target, bytes);
        reached.set(outcome, (reached.get(outcome) ?? 0) + 1);
      }),
      { numRuns: 20_000 },
    );
    expect([...reached.keys()].sort()).toEqual([
      "ACKNOWLEDGE_BAD_MEMBER",
      "ACKNOWLEDGE_NOT_JSON",
      "ACKNOWLEDGE_TOO_LONG",
      "AGENT_MESSAGE_BAD_CREATED_DATE",
      "AGENT_MESSAGE_BAD_FLAGS",
      "AGENT_MESSAGE_BAD_HEADER_LENGTH",
      "AGENT_MESSAGE_BAD_SEQUENCE_NUMBER",
      "AGENT_MESSAGE_BAD_TYPE",
      "AGENT_MESSAGE_DIGEST_MISMATCH",
      "AGENT_MESSAGE_TOO_SHORT",
      "AGENT_MESSAGE_TRUNCATED",
      "CHANNEL_CLOSED_BAD_MEMBER",
      "CHANNEL_CLOSED_NOT_JSON",
      "CHANNEL_CLOSED_TOO_LONG",
      "FLAG_BAD_LENGTH",
      "HANDSHAKE_COMPLETE_BAD_MEMBER",
      "HANDSHAKE_COMPLETE_NOT_JSON",
      "HANDSHAKE_COMPLETE_TOO_LONG",
      "HANDSHAKE_REQUEST_BAD_MEMBER",
      "HANDSHAKE_REQUEST_NOT_JSON",
      "HANDSHAKE_REQUEST_TOO_LONG",
      "HANDSHAKE_RESPONSE_BAD_MEMBER",
      "HANDSHAKE_RESPONSE_NOT_JSON",
      "HANDSHAKE_RESPONSE_TOO_LONG",
      "OPEN_DATA_CHANNEL_BAD_MEMBER",
      "OPEN_DATA_CHANNEL_NOT_JSON",
      "OPEN_DATA_CHANNEL_TOO_LONG",
      "SMUX_BAD_COMMAND",
      "SMUX_BAD_VERSION",
      "SMUX_TRUNCATED_HEADER",
      "acknowledge: decoded",
      "agent message: decoded",
      "channel closed: decoded",
      "flag: decoded",
      "handshake complete: decoded",
      "handshake request: decoded",
      "handshake response: decoded",
      "open data channel: decoded",
      "smux header: decoded",
    ]);
  });
});
