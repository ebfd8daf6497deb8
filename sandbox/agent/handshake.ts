// The agent's side of the handshake: it asks, waits 15 s for the answer, and concludes.
import { ProtocolError } from "../../session-manager/protocol-error.ts";
import { PayloadType } from "../../session-manager/wire/agent-message.ts";
import {
  ActionStatus,
  ActionType,
  decodeHandshakeResponse,
  encodeHandshakeComplete,
  encodeHandshakeRequest,
  encodeSessionTypeParameters,
  SessionType,
  type HandshakeResponse,
} from "../../session-manager/wire/handshake.ts";
import type { SessionKind } from "./document.ts";

/** How long the agent waits for the client's answer. */
export const HANDSHAKE_LIMIT_MS = 15_000;

export const HANDSHAKE_TIMED_OUT =
  "Handshake timed out. Please ensure that you have the latest version of the session manager plugin.";

/** Shells and interactive commands have one only where they are encrypted; clients know them by their first output. */
export function hasHandshake({ sessionType }: SessionKind): boolean {
  return sessionType !== SessionType.standardStream && sessionType !== SessionType.interactiveCommands;
}

/** HandshakeRequest's payload. */
export function handshakeRequest(agentVersion: string, kind: SessionKind): Buffer {
  const parameters = encodeSessionTypeParameters({ sessionType: kind.sessionType, properties: kind.properties });
  return encodeHandshakeRequest({
    agentVersion,
    requestedClientActions: [{ actionType: ActionType.sessionType, actionParameters: parameters }],
  });
}

/** HandshakeComplete's payload, after a handshake that took `durationMs`. */
export function handshakeComplete(durationMs: number, customerMessage = ""): Buffer {
  return encodeHandshakeComplete({ handshakeTimeToComplete: durationMs * 1_000_000, customerMessage });
}

/**
 * The client's answer, if it could do all that was asked.
 *
 * @throws ProtocolError with the code HANDSHAKE_REFUSED if it could not, or as decodeHandshakeResponse does
 */
export function acceptedResponse(payload: Uint8Array): HandshakeResponse {
  const response = decodeHandshakeResponse(payload);
  // AWS's agent looks at these states only, not at the list of errors.
  const failed = response.processedClientActions.find((action) => action.actionStatus !== ActionStatus.success);
  if (failed === undefined) return response;
  const message = `Failed to process action ${failed.actionType}: ${failed.error}`;
  throw new ProtocolError("HANDSHAKE_REFUSED", message);
}

/** Whether the payload type may arrive before the handshake is complete; all others are acknowledged and thrown away. */
export function isHandshakeInput(payloadType: number | undefined): boolean {
  return payloadType === PayloadType.handshakeResponse || payloadType === PayloadType.encryptionChallengeResponse;
}
