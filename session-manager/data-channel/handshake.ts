// The client's part of the handshake: what the agent asks, and what we can answer.
import type { Buffer } from "node:buffer";
import { ProtocolError } from "../protocol-error.ts";
import {
  ActionStatus,
  ActionType,
  decodeHandshakeComplete,
  decodeHandshakeRequest,
  decodeSessionTypeParameters,
  encodeHandshakeResponse,
  SessionType,
} from "../wire/handshake.ts";
import type { HandshakeRequest, ProcessedClientAction, RequestedClientAction } from "../wire/handshake.ts";
import type { JsonObject } from "../wire/json-payload.ts";
import { quote } from "../wire/quote.ts";

/** What both sides know when the handshake is over. */
export interface HandshakeOutcome {
  /** Four numbers with dots; what may be used depends on it. */
  readonly agentVersion: string;
  /** One of SessionType. */
  readonly sessionType: string;
  /** What the session's document says about ports; null for shells and commands. */
  readonly properties: JsonObject | null;
  /** Text for the person, unfiltered; may be empty. */
  readonly customerMessage: string;
}

/** One handshake: a request to answer, once, and a conclusion. */
export class Handshake {
  readonly #clientVersion: string;
  #request: HandshakeRequest | undefined;
  #isComplete = false;

  /** @param clientVersion - four numbers with dots, at least 1.2.339.0, so that the agent multiplexes as we do */
  constructor(clientVersion: string) {
    this.#clientVersion = clientVersion;
  }

  /**
   * The payload of our response.
   *
   * @throws ProtocolError with the code HANDSHAKE_REPEATED, because a second response blocks a real agent for ever, or
   *   with those of decodeHandshakeRequest()
   */
  answer(payload: Uint8Array): Buffer {
    if (this.#request !== undefined) throw refusal("HANDSHAKE_REPEATED", "a second request came");
    this.#request = decodeHandshakeRequest(payload);
    return encodeHandshakeResponse({
      clientVersion: this.#clientVersion,
      processedClientActions: this.#request.requestedClientActions.map(processAction),
      errors: null,
    });
  }

  /**
   * The outcome when the agent sends data at once, as it does for a shell without encryption.
   *
   * @throws ProtocolError with the code HANDSHAKE_NOT_COMPLETED if the agent began one
   */
  skip(): HandshakeOutcome {
    if (this.#request !== undefined) throw refusal("HANDSHAKE_NOT_COMPLETED", "data came before its end");
    return { agentVersion: "", sessionType: SessionType.standardStream, properties: null, customerMessage: "" };
  }

  /**
   * What was agreed.
   *
   * @throws ProtocolError with the code HANDSHAKE_NOT_REQUESTED, HANDSHAKE_REPEATED or HANDSHAKE_NO_SESSION_TYPE
   */
  complete(payload: Uint8Array): HandshakeOutcome {
    const request = this.#request;
    if (request === undefined) throw refusal("HANDSHAKE_NOT_REQUESTED", "it was completed before it began");
    if (this.#isComplete) throw refusal("HANDSHAKE_REPEATED", "it was completed twice");
    this.#isComplete = true;
    const action = request.requestedClientActions.find(({ actionType }) => actionType === ActionType.sessionType);
    if (action === undefined) throw refusal("HANDSHAKE_NO_SESSION_TYPE", "the agent named no session type");
    return {
      agentVersion: request.agentVersion,
      ...decodeSessionTypeParameters(action.actionParameters),
      customerMessage: decodeHandshakeComplete(payload).customerMessage,
    };
  }
}

function processAction(action: RequestedClientAction): ProcessedClientAction {
  const { actionType } = action;
  if (actionType !== ActionType.sessionType) {
    return refuse(action, ActionStatus.unsupported, `action ${quote(actionType)} is not supported`);
  }
  const { sessionType } = decodeSessionTypeParameters(action.actionParameters);
  if (!Object.values<string>(SessionType).includes(sessionType)) {
    return refuse(action, ActionStatus.failed, `session type ${quote(sessionType)} is not supported`);
  }
  return { actionType, actionStatus: ActionStatus.success, actionResult: null, error: "" };
}

function refuse({ actionType }: RequestedClientAction, actionStatus: number, error: string): ProcessedClientAction {
  return { actionType, actionStatus, actionResult: null, error };
}

function refusal(code: string, detail: string): ProtocolError {
  return new ProtocolError(code, `cannot shake hands with agent: ${detail}`);
}
