// The client's part of the handshake: what the agent asks, and what we can answer.
import type { SessionEncryption } from "../encryption/data-key.ts";
import { KeyAgreement } from "../encryption/key-agreement.ts";
import type { AgreedEncryption } from "../encryption/key-agreement.ts";
import { ProtocolError } from "../protocol-error.ts";
import { PayloadType } from "../wire/agent-message.ts";
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
import { ConnectionError } from "./connection-error.ts";

/** From the open connection to the end of the handshake; the agent itself gives up after twice 15 s. */
export const HANDSHAKE_LIMIT_MS = 35_000;

/** What both sides know when the handshake is over. */
export interface HandshakeOutcome {
  /** Four numbers with dots; what may be used depends on it. Empty where there was no handshake. */
  readonly agentVersion: string;
  /** One of SessionType. */
  readonly sessionType: string;
  /** What the session's document says about ports; null for shells and commands. */
  readonly properties: JsonObject | null;
  /** Text for the person, unfiltered; may be empty. */
  readonly customerMessage: string;
  /** Key and cipher of a session that is encrypted from here on; undefined for one in clear. */
  readonly encryption?: AgreedEncryption | undefined;
}

/** What a handshake is made of. */
export interface HandshakeOptions {
  /** Four numbers with dots, at least 1.2.339.0, so that the agent multiplexes as we do. */
  readonly clientVersion: string;
  readonly sessionId: string;
  /** Without it, an agent that asks for encryption is told that it is not supported. */
  readonly encryption?: SessionEncryption | undefined;
  /** Sends our part. */
  readonly send: (payloadType: number, payload: Uint8Array) => void;
}

/** One handshake: a request to answer, once; a challenge, where the session is encrypted; a conclusion. */
export class Handshake {
  readonly #options: HandshakeOptions;
  #request: HandshakeRequest | undefined;
  #keyAgreement: KeyAgreement | undefined;
  #isComplete = false;

  constructor(options: HandshakeOptions) {
    this.#options = options;
  }

  /**
   * Takes the agent's part of this type; an outcome concludes the handshake.
   *
   * A promise resolves when an answer that takes its time is sent.
   *
   * @throws ProtocolError, as the methods below
   */
  receive(payloadType: number, payload: Uint8Array): HandshakeOutcome | Promise<void> | undefined {
    if (payloadType === PayloadType.handshakeComplete) return this.complete(payload);
    if (payloadType === PayloadType.handshakeRequest) return this.answer(payload);
    this.answerChallenge(payload);
    return undefined;
  }

  /**
   * Sends our response: at once, or after KMS has answered, where the agent asks for encryption.
   *
   * @throws ProtocolError with the code HANDSHAKE_REPEATED, because a second response blocks a real agent for ever;
   *   ENCRYPTION_MISSING if the session must be encrypted and the agent asks for nothing of the kind; those of
   *   decodeHandshakeRequest(), and (rejected) of KeyAgreement.offer()
   */
  answer(payload: Uint8Array): Promise<void> | undefined {
    if (this.#request !== undefined || this.#isComplete) throw refusal("HANDSHAKE_REPEATED", "a second request came");
    const request = decodeHandshakeRequest(payload);
    this.#request = request;
    const { encryption, sessionId } = this.#options;
    const kmsActions = request.requestedClientActions.filter(isKmsEncryption);
    if (kmsActions.length === 0) this.#refuseClear();
    if (kmsActions.length > 1) throw refusal("HANDSHAKE_REPEATED", "encryption is asked for twice");
    const [kmsAction] = kmsActions;
    if (kmsAction === undefined || encryption === undefined) {
      this.#respond(request.requestedClientActions.map(processAction));
      return undefined;
    }
    this.#keyAgreement = new KeyAgreement(encryption, sessionId);
    return this.#keyAgreement.offer(kmsAction.actionParameters).then((offer) => {
      this.#respond(request.requestedClientActions.map((action) => processWith(offer, action)));
    });
  }

  /** Sends our answer to the agent's challenge. @throws ProtocolError, as KeyAgreement.answerChallenge() */
  answerChallenge(payload: Uint8Array): void {
    if (this.#keyAgreement === undefined) throw refusal("HANDSHAKE_NOT_REQUESTED", "a challenge came for no key");
    this.#options.send(PayloadType.encryptionChallengeResponse, this.#keyAgreement.answerChallenge(payload));
  }

  /**
   * The outcome when the agent sends data at once, as it does for a shell without encryption.
   *
   * @throws ProtocolError with the code HANDSHAKE_NOT_COMPLETED if the agent began one, or ENCRYPTION_MISSING
   */
  skip(): HandshakeOutcome {
    if (this.#request !== undefined) throw refusal("HANDSHAKE_NOT_COMPLETED", "data came before its end");
    this.#refuseClear();
    this.#isComplete = true;
    return { agentVersion: "", sessionType: SessionType.standardStream, properties: null, customerMessage: "" };
  }

  /**
   * The outcome after HANDSHAKE_LIMIT_MS of nothing that would end the handshake.
   *
   * @param maySkip - whether what runs may be silent: an agent that wants a handshake begins it at once, so that one which
   *   never did runs a command that has said nothing yet
   * @throws ConnectionError with the code OPEN_TIMED_OUT
   */
  timeOut(maySkip: boolean): HandshakeOutcome {
    if (maySkip && this.#request === undefined) return this.skip();
    throw new ConnectionError("OPEN_TIMED_OUT", "cannot open data channel: the agent ended no handshake for 35 s");
  }

  /**
   * What was agreed.
   *
   * @throws ProtocolError with the code HANDSHAKE_NOT_REQUESTED, HANDSHAKE_REPEATED, HANDSHAKE_NO_SESSION_TYPE or
   *   ENCRYPTION_NOT_PROVED
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
      encryption: this.#keyAgreement?.agreed,
    };
  }

  #respond(processedClientActions: readonly ProcessedClientAction[]): void {
    const { clientVersion, send } = this.#options;
    const response = encodeHandshakeResponse({ clientVersion, processedClientActions, errors: null });
    send(PayloadType.handshakeResponse, response);
  }

  /** Whoever leads the client to an agent that speaks in clear must not read what was to be encrypted. */
  #refuseClear(): void {
    if (this.#options.encryption?.required === undefined) return;
    const detail = "it must be encrypted, and the agent asks for no encryption";
    throw new ProtocolError("ENCRYPTION_MISSING", `cannot use session: ${detail}`);
  }
}

/** Whether a payload of this type belongs to the handshake, and comes from the agent. */
export function isHandshakeType(payloadType: number | undefined): payloadType is number {
  const { handshakeRequest, handshakeComplete, encryptionChallengeRequest } = PayloadType;
  return (
    payloadType === handshakeRequest || payloadType === handshakeComplete || payloadType === encryptionChallengeRequest
  );
}

function isKmsEncryption({ actionType }: RequestedClientAction): boolean {
  return actionType === ActionType.kmsEncryption;
}

function processWith(offer: JsonObject, action: RequestedClientAction): ProcessedClientAction {
  if (!isKmsEncryption(action)) return processAction(action);
  return { ...succeeded(action), actionResult: offer };
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
  return succeeded(action);
}

function succeeded({ actionType }: RequestedClientAction): ProcessedClientAction {
  return { actionType, actionStatus: ActionStatus.success, actionResult: null, error: "" };
}

function refuse({ actionType }: RequestedClientAction, actionStatus: number, error: string): ProcessedClientAction {
  return { actionType, actionStatus, actionResult: null, error };
}

function refusal(code: string, detail: string): ProtocolError {
  return new ProtocolError(code, `cannot shake hands with agent: ${detail}`);
}
