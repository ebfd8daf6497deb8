// What we answer to what an agent asks.
import { createCipheriv, createDecipheriv } from "node:crypto";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { Handshake } from "../../../session-manager/data-channel/handshake.ts";
import type { HandshakeOptions } from "../../../session-manager/data-channel/handshake.ts";
import type { RequiredEncryption } from "../../../session-manager/encryption/data-key.ts";
import { ConnectionError } from "../../../session-manager/data-channel/connection-error.ts";
import {
  decodeHandshakeResponse,
  encodeHandshakeComplete,
  encodeHandshakeRequest,
} from "../../../session-manager/wire/handshake.ts";
import type { HandshakeResponse, RequestedClientAction } from "../../../session-manager/wire/handshake.ts";
import { portAction } from "../agent-messages.ts";
import { expectCode } from "../expect-code.ts";

const request = (...actions: readonly RequestedClientAction[]): Buffer =>
  encodeHandshakeRequest({ agentVersion: "3.3.987.0", requestedClientActions: actions });
const complete = encodeHandshakeComplete({ handshakeTimeToComplete: 1, customerMessage: "welcome" });
/** What was sent, newest last. */
let sent: { payloadType: number; payload: Buffer }[];

function newHandshake(more: Partial<HandshakeOptions> = {}): Handshake {
  const send = (payloadType: number, payload: Uint8Array): void => {
    sent.push({ payloadType, payload: Buffer.from(payload) });
  };
  return new Handshake({ clientVersion: "1.2.764.0", sessionId: "ada-0123", send, ...more });
}

function begin(...actions: readonly RequestedClientAction[]): Handshake {
  const handshake = newHandshake();
  void handshake.answer(request(...actions));
  return handshake;
}

/** Our response to these actions. */
function answerTo(...actions: readonly RequestedClientAction[]): HandshakeResponse {
  begin(...actions);
  return decodeHandshakeResponse(sent.at(-1)?.payload ?? Buffer.alloc(0));
}

beforeEach(() => {
  sent = [];
});

describe("Handshake.answer()", () => {
  it("answers a port session as session-manager-plugin does", () => {
    void newHandshake({ clientVersion: "1.2.650.0" }).answer(request(portAction));
    expect(sent.map(({ payloadType, payload }) => [payloadType, payload.toString()])).toEqual([
      [
        6,
        '{"ClientVersion":"1.2.650.0","ProcessedClientActions":[{"ActionType":"SessionType","ActionStatus":1,"ActionResult":null,"Error":""}],"Errors":null}',
      ],
    ]);
  });

  it.each(["Standard_Stream", "InteractiveCommands", "NonInteractiveCommands", "Port"])("accepts %s", (sessionType) => {
    const action = { actionType: "SessionType", actionParameters: { SessionType: sessionType, Properties: null } };
    expect(answerTo(action).processedClientActions[0]?.actionStatus).toBe(1);
  });

  it("answers each action in its place: success 1, failed 2, unsupported 3", () => {
    const { processedClientActions } = answerTo(
      { actionType: "Dance", actionParameters: null },
      { actionType: "SessionType", actionParameters: { SessionType: "Teleport" } },
      portAction,
    );
    expect(processedClientActions.map(({ actionStatus, error }) => [actionStatus, error])).toEqual([
      [3, 'action "Dance" is not supported'],
      [2, 'session type "Teleport" is not supported'],
      [1, ""],
    ]);
  });

  it("calls encryption unsupported where no source of data keys was handed in", () => {
    const { processedClientActions } = answerTo(portAction, kmsAction());
    expect(processedClientActions.map(({ actionStatus }) => actionStatus)).toEqual([1, 3]);
  });

  it("fails with HANDSHAKE_REPEATED on a second request, because a second response blocks a real agent", () => {
    const handshake = begin(portAction);
    expectCode(() => handshake.answer(request(portAction)), "HANDSHAKE_REPEATED");
  });
});

describe("Handshake.complete()", () => {
  it("tells version, type, properties and the message for the person", () => {
    expect(begin(portAction).complete(complete)).toEqual({
      agentVersion: "3.3.987.0",
      sessionType: "Port",
      properties: { portNumber: "22" },
      customerMessage: "welcome",
    });
  });

  it("fails with HANDSHAKE_NOT_REQUESTED before a request", () => {
    expectCode(() => newHandshake().complete(complete), "HANDSHAKE_NOT_REQUESTED");
  });

  it("fails with HANDSHAKE_REPEATED the second time", () => {
    const handshake = begin(portAction);
    handshake.complete(complete);
    expectCode(() => handshake.complete(complete), "HANDSHAKE_REPEATED");
  });

  it("fails with HANDSHAKE_NO_SESSION_TYPE when the agent named none", () => {
    expectCode(() => begin().complete(complete), "HANDSHAKE_NO_SESSION_TYPE");
  });
});

describe("Handshake.skip()", () => {
  it("takes a session that begins with output for a shell", () => {
    expect(newHandshake().skip().sessionType).toBe("Standard_Stream");
  });

  it("fails with HANDSHAKE_NOT_COMPLETED between request and end", () => {
    expectCode(() => begin(portAction).skip(), "HANDSHAKE_NOT_COMPLETED");
  });
});

describe("Handshake.timeOut()", () => {
  it("fails with OPEN_TIMED_OUT", () => {
    expect(() => newHandshake().timeOut(false)).toThrow(expect.objectContaining({ code: "OPEN_TIMED_OUT" }));
    expect(() => begin(portAction).timeOut(true)).toThrow(ConnectionError);
  });

  it("takes an agent that never began one for a silent command, where such may run", () => {
    expect(newHandshake().timeOut(true).sessionType).toBe("Standard_Stream");
  });
});

describe("an encrypted session", () => {
  const KEY_ARN = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d";
  const DATA_KEY = Buffer.from(Array.from({ length: 64 }, (_, index) => index));
  let contexts: unknown[];
  beforeEach(() => {
    contexts = [];
  });

  function encrypted(required?: RequiredEncryption, dataKey = DATA_KEY): Handshake {
    const generateDataKey = (kmsKeyId: string, context: object) => {
      contexts.push([kmsKeyId, context]);
      return Promise.resolve({ plaintext: Buffer.from(dataKey), ciphertextBlob: Buffer.from("wrapped") });
    };
    return newHandshake({ encryption: { generateDataKey, targetId: "i-0123456789abcdef0", required } });
  }

  /** Up to the challenge. */
  async function agreed(required?: RequiredEncryption): Promise<Handshake> {
    const handshake = encrypted(required);
    await handshake.answer(request(portAction, kmsAction(KEY_ARN)));
    return handshake;
  }

  it("offers a data key that is bound to session, target and challenge", async () => {
    await agreed();
    const context = {
      "aws:ssm:SessionId": "ada-0123",
      "aws:ssm:TargetId": "i-0123456789abcdef0",
      "aws:ssm:RandomChallenge": "cmFuZG9tbmVzcw==",
    };
    expect(contexts).toEqual([[KEY_ARN, context]]);
    const { processedClientActions } = decodeHandshakeResponse(sent[0]?.payload ?? Buffer.alloc(0));
    expect(processedClientActions[1]).toEqual({
      actionType: "KMSEncryption",
      actionStatus: 1,
      actionResult: { KMSCipherTextKey: "d3JhcHBlZA==", KMSCipherTextHash: null, ChallengeAcknowledgement: true },
      error: "",
    });
  });

  it("leaves the challenge out for agents that know none", async () => {
    const handshake = encrypted();
    await handshake.answer(request(portAction, { actionType: "KMSEncryption", actionParameters: { KMSKeyId: "k" } }));
    const { processedClientActions } = decodeHandshakeResponse(sent[0]?.payload ?? Buffer.alloc(0));
    expect(processedClientActions[1]?.actionResult).not.toHaveProperty("ChallengeAcknowledgement");
    expect(contexts).toEqual([["k", { "aws:ssm:SessionId": "ada-0123", "aws:ssm:TargetId": "i-0123456789abcdef0" }]]);
  });

  it("answers the agent's challenge with the same bytes under its own key, and tells key and cipher", async () => {
    const handshake = await agreed();
    handshake.answerChallenge(challenge(DATA_KEY.subarray(0, 32), "prove it"));
    expect(sent[1]?.payloadType).toBe(9);
    const { Challenge } = JSON.parse(sent[1]?.payload.toString() ?? "") as { Challenge: string };
    expect(decrypted(DATA_KEY.subarray(32), Buffer.from(Challenge, "base64"))).toBe("prove it");
    expect(handshake.complete(complete).encryption?.kmsKeyId).toBe(KEY_ARN);
  });

  it("fails with ENCRYPTION_CHALLENGE_FAILED when the agent has another key", async () => {
    const handshake = await agreed();
    expectCode(() => {
      handshake.answerChallenge(challenge(Buffer.alloc(32, 7), "prove it"));
    }, "ENCRYPTION_CHALLENGE_FAILED");
  });

  it("fails with ENCRYPTION_NOT_PROVED when the agent concludes without a challenge", async () => {
    const handshake = await agreed();
    expectCode(() => handshake.complete(complete), "ENCRYPTION_NOT_PROVED");
  });

  it("fails with ENCRYPTION_NOT_PROVED when the agent concludes before KMS has answered", () => {
    const handshake = encrypted();
    void handshake.answer(request(portAction, kmsAction()));
    expectCode(() => handshake.complete(complete), "ENCRYPTION_NOT_PROVED");
  });

  it("fails with ENCRYPTION_CHALLENGE_UNEXPECTED for a second challenge, and HANDSHAKE_NOT_REQUESTED for one at once", async () => {
    const first = challenge(DATA_KEY.subarray(0, 32), "prove it");
    const handshake = await agreed();
    handshake.answerChallenge(first);
    expectCode(() => {
      handshake.answerChallenge(first);
    }, "ENCRYPTION_CHALLENGE_UNEXPECTED");
    expectCode(() => {
      encrypted().answerChallenge(first);
    }, "HANDSHAKE_NOT_REQUESTED");
  });

  it("fails with ENCRYPTION_BAD_DATA_KEY when KMS gives another number of bytes", async () => {
    const answered = encrypted(undefined, Buffer.alloc(32)).answer(request(portAction, kmsAction()));
    await expect(answered).rejects.toMatchObject({ code: "ENCRYPTION_BAD_DATA_KEY" });
    expect(sent).toEqual([]);
  });

  it("fails with what the source of data keys fails with", async () => {
    const denied = new Error("AccessDeniedException");
    const encryption = { generateDataKey: () => Promise.reject(denied), targetId: "i-0" };
    await expect(newHandshake({ encryption }).answer(request(portAction, kmsAction()))).rejects.toBe(denied);
  });

  it("fails with ENCRYPTION_MISSING when it is required and the agent asks for none, or shakes no hands", () => {
    expectCode(() => encrypted({}).answer(request(portAction)), "ENCRYPTION_MISSING");
    expectCode(() => encrypted({}).skip(), "ENCRYPTION_MISSING");
    expectCode(() => encrypted({}).timeOut(true), "ENCRYPTION_MISSING");
  });

  it.each([[KEY_ARN], ["0a1b2c3d"]])("takes key %s for the one that is required", async (kmsKeyId) => {
    await agreed({ kmsKeyId });
    expect(contexts).toHaveLength(1);
  });

  it("fails with ENCRYPTION_KEY_UNEXPECTED for another key than the required one, and asks KMS for nothing", async () => {
    await expect(agreed({ kmsKeyId: "b2c3d" })).rejects.toMatchObject({ code: "ENCRYPTION_KEY_UNEXPECTED" });
    expect(contexts).toEqual([]);
  });

  it("fails with HANDSHAKE_REPEATED when encryption is asked for twice", () => {
    const twice = request(portAction, kmsAction("one"), kmsAction("other"));
    expectCode(() => encrypted().answer(twice), "HANDSHAKE_REPEATED");
  });
});

function kmsAction(KMSKeyId = "alias/sessions"): RequestedClientAction {
  return { actionType: "KMSEncryption", actionParameters: { KMSKeyId, Challenge: "cmFuZG9tbmVzcw==" } };
}

/** As an agent with this key makes it. */
function challenge(key: Buffer, plaintext: string): Buffer {
  const nonce = Buffer.alloc(12, 9);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const encrypted = Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  return Buffer.from(JSON.stringify({ Challenge: encrypted.toString("base64") }));
}

function decrypted(key: Buffer, bytes: Buffer): string {
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12)).setAuthTag(bytes.subarray(-16));
  return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString();
}
