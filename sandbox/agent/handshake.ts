// The agent's side of the handshake: it asks, agrees on keys where the session is encrypted, and concludes.
import { randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../session-manager/clock.ts";
import { ProtocolError } from "../../session-manager/protocol-error.ts";
import { PayloadType, type AgentMessage } from "../../session-manager/wire/agent-message.ts";
import {
  ActionStatus,
  ActionType,
  decodeHandshakeResponse,
  encodeHandshakeComplete,
  encodeHandshakeRequest,
  encodeSessionTypeParameters,
  SessionType,
  type HandshakeResponse,
  type RequestedClientAction,
} from "../../session-manager/wire/handshake.ts";
import { decodeJsonObject, encodeJson, isJsonObject, stringMember } from "../../session-manager/wire/json-payload.ts";
import type { DataChannel } from "./data-channel.ts";
import type { SessionKind } from "./document.ts";
import { PayloadCipher } from "./payload-cipher.ts";

/** How long the agent waits for each of the client's answers. */
export const HANDSHAKE_LIMIT_MS = 15_000;

const TIMED_OUT = "Handshake timed out. Please ensure that you have the latest version of the session manager plugin.";
const CHALLENGE_TIMED_OUT = "Timed out waiting for encryption challenge.";
const IS_ENCRYPTED = "This session is encrypted using AWS KMS.";

const RANDOM_CHALLENGE_BYTES = 16;
const CHALLENGE_BYTES = 64;

/** By what a session is encrypted: the key that the account's preferences name. */
export interface SessionEncryption {
  readonly kmsKeyId: string;
  /**
   * The 64 bytes in the client's data key, by KMS, in the context of this session and target.
   *
   * `randomChallenge` belongs into the context too where the client has said that it put it there.
   */
  readonly decryptDataKey: (ciphertext: Buffer, randomChallenge: string | undefined) => Promise<Buffer>;
}

export interface HandshakeOptions {
  readonly clock: Clock;
  readonly channel: DataChannel;
  readonly agentVersion: string;
  readonly kind: SessionKind;
  readonly encryption: SessionEncryption | undefined;
}

/** Ports have one always and shells only where they are encrypted: clients know a shell by its first output. */
export function hasHandshake({ sessionType }: SessionKind, encryption: SessionEncryption | undefined): boolean {
  const isShell = sessionType === SessionType.standardStream || sessionType === SessionType.interactiveCommands;
  return !isShell || encryption !== undefined;
}

/** One handshake, from the request, which goes out at once, to HandshakeComplete. */
export class Handshake {
  /**
   * Resolves with the client's version after HandshakeComplete was sent.
   *
   * Rejects with a ProtocolError whose message is for the person: the client was late, or could not do what was asked.
   */
  readonly completed: Promise<string>;
  readonly #options: HandshakeOptions;
  readonly #randomChallenge = randomBytes(RANDOM_CHALLENGE_BYTES).toString("base64");
  readonly #startMs: number;
  #answer: ((payload: Uint8Array) => void) | undefined;
  #answerType: number | undefined;
  #callOffLimit: () => void = () => undefined;

  constructor(options: HandshakeOptions) {
    this.#options = options;
    this.#startMs = options.clock.now();
    this.completed = this.#run();
  }

  /** Takes a message of the client; all but the answer that is awaited is acknowledged and thrown away. */
  input({ payloadType, payload }: AgentMessage): "done" {
    if (payloadType === this.#answerType) this.#answer?.(payload);
    return "done";
  }

  /** Waits for nothing any more; `completed` stays as it is. */
  stop(): void {
    this.#callOffLimit();
    this.#answer = undefined;
  }

  async #run(): Promise<string> {
    const { channel, clock, agentVersion, encryption } = this.#options;
    const request = encodeHandshakeRequest({ agentVersion, requestedClientActions: this.#actions() });
    channel.send(PayloadType.handshakeRequest, request);
    const response = acceptedResponse(await this.#awaitAnswer(PayloadType.handshakeResponse, TIMED_OUT));
    if (encryption !== undefined) await this.#agreeOnKeys(response, encryption);
    const complete = encodeHandshakeComplete({
      handshakeTimeToComplete: (clock.now() - this.#startMs) * 1_000_000,
      customerMessage: encryption === undefined ? "" : IS_ENCRYPTED,
    });
    channel.send(PayloadType.handshakeComplete, complete);
    return response.clientVersion;
  }

  #actions(): readonly RequestedClientAction[] {
    const { kind, encryption } = this.#options;
    const parameters = encodeSessionTypeParameters({ sessionType: kind.sessionType, properties: kind.properties });
    const sessionType = { actionType: ActionType.sessionType, actionParameters: parameters };
    if (encryption === undefined) return [sessionType];
    const actionParameters = { KMSKeyId: encryption.kmsKeyId, Challenge: this.#randomChallenge };
    return [sessionType, { actionType: ActionType.kmsEncryption, actionParameters }];
  }

  async #agreeOnKeys(response: HandshakeResponse, encryption: SessionEncryption): Promise<void> {
    const { channel } = this.#options;
    const { ciphertext, isChallengeAcknowledged } = dataKeyIn(response);
    const randomChallenge = isChallengeAcknowledged ? this.#randomChallenge : undefined;
    const cipher = new PayloadCipher(await encryption.decryptDataKey(ciphertext, randomChallenge));
    const challenge = randomBytes(CHALLENGE_BYTES);
    const request = encodeJson({ Challenge: cipher.encrypt(challenge).toString("base64") });
    channel.send(PayloadType.encryptionChallengeRequest, request);
    await this.#awaitAnswer(PayloadType.encryptionChallengeResponse, CHALLENGE_TIMED_OUT, (answer) =>
      isRightAnswer(answer, challenge, cipher),
    );
    channel.encryptWith(cipher);
  }

  /**
   * The payload of the next answer of this type that is right. A wrong one is passed over until the time is up, as
   * AWS's agent does. It is acknowledged before anything else is sent: session-manager-plugin dies of the other order.
   */
  #awaitAnswer(payloadType: number, timedOut: string, isRight = isAny): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#answerType = payloadType;
      this.#callOffLimit = this.#options.clock.schedule(HANDSHAKE_LIMIT_MS, () => {
        reject(new ProtocolError("HANDSHAKE_TIMED_OUT", timedOut));
      });
      this.#answer = (payload) => {
        if (!isRight(payload)) return;
        this.stop();
        resolve(payload);
      };
    });
  }
}

function isAny(_answer: Uint8Array): boolean {
  return true;
}

/** AWS's agent looks at the states of the actions only, not at the list of errors. */
function acceptedResponse(payload: Uint8Array): HandshakeResponse {
  const response = decodeHandshakeResponse(payload);
  const failed = response.processedClientActions.find((action) => action.actionStatus !== ActionStatus.success);
  if (failed === undefined) return response;
  throw new ProtocolError("HANDSHAKE_REFUSED", `Failed to process action ${failed.actionType}: ${failed.error}`);
}

function dataKeyIn({ processedClientActions }: HandshakeResponse): {
  ciphertext: Buffer;
  isChallengeAcknowledged: boolean;
} {
  const action = processedClientActions.find(({ actionType }) => actionType === ActionType.kmsEncryption);
  const result = action?.actionResult;
  if (!isJsonObject(result)) throw new ProtocolError("HANDSHAKE_WITHOUT_KEY", "The client sent no encryption key.");
  const ciphertext = Buffer.from(stringMember(result, "KMSCipherTextKey", "handshake response"), "base64");
  return { ciphertext, isChallengeAcknowledged: result["ChallengeAcknowledgement"] === true };
}

function isRightAnswer(payload: Uint8Array, challenge: Buffer, cipher: PayloadCipher): boolean {
  try {
    const object = decodeJsonObject(payload, "encryption challenge");
    const answer = cipher.decrypt(Buffer.from(stringMember(object, "Challenge", "encryption challenge"), "base64"));
    return answer.length === challenge.length && timingSafeEqual(answer, challenge);
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
}
