import { describe, expect, it } from "@jest/globals";
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { PayloadCipher } from "../../../sandbox/agent/payload-cipher.ts";
import { systemClock } from "../../../session-manager/clock.ts";
import { agentBench, settled, until, type AgentBench } from "./agent-bench.ts";
import { written } from "./hand-written-wire.ts";

const DATA_KEY = Buffer.from(Array.from({ length: 64 }, (_, index) => index));
const [TO_CLIENT, TO_AGENT] = [DATA_KEY.subarray(0, 32), DATA_KEY.subarray(32)];

describe("PayloadCipher", () => {
  // Both payloads are the protocol's own examples: data key 00…3f, nonce 00…0b, plaintext "hello\n".
  it("encrypts with the first half of the data key", () => {
    const cipher = new PayloadCipher(DATA_KEY, Buffer.from("000102030405060708090a0b", "hex"));
    const payload = "000102030405060708090a0b2f67ba77aaef23fad23e2641405ed8c7f8e51ffdcc30";
    expect(cipher.encrypt(Buffer.from("hello\n")).toString("hex")).toBe(payload);
  });

  it("decrypts with the second half", () => {
    const payload = "000102030405060708090a0b343731cb253f2d7a6406a799417051f9d998b55440fe";
    expect(new PayloadCipher(DATA_KEY).decrypt(Buffer.from(payload, "hex")).toString()).toBe("hello\n");
  });

  it("counts its nonce up, little-endian", () => {
    const cipher = new PayloadCipher(DATA_KEY, Buffer.from("ffff00000000000000000000", "hex"));
    const nonces = [0, 1].map(() => cipher.encrypt(Buffer.alloc(1)).subarray(0, 12).toString("hex"));
    expect(nonces).toEqual(["ffff00000000000000000000", "000001000000000000000000"]);
  });

  it.each([0, 11, 12, 27])("fails with UNDECRYPTABLE_PAYLOAD for %i bytes", (length) => {
    const decrypt = (): Buffer => new PayloadCipher(DATA_KEY).decrypt(Buffer.alloc(length));
    expect(decrypt).toThrow(expect.objectContaining({ code: "UNDECRYPTABLE_PAYLOAD" }));
  });

  it("fails with BAD_DATA_KEY for a key of another length", () => {
    expect(() => new PayloadCipher(Buffer.alloc(32))).toThrow(expect.objectContaining({ code: "BAD_DATA_KEY" }));
  });
});

describe("AgentSession, encrypted", () => {
  it("asks for a key, proves it, says so, and encrypts output from then on", async () => {
    const { bench, contexts } = encryptedShell();
    expect(requested(bench)).toMatchObject([
      { ActionType: "SessionType", ActionParameters: { SessionType: "InteractiveCommands", Properties: null } },
      { ActionType: "KMSEncryption", ActionParameters: { KMSKeyId: "alias/sessions" } },
    ]);
    bench.session.receive(keyResponse());
    await until(() => payload(bench, 8) !== undefined);
    bench.session.receive(challengeResponse(bench, 1, TO_AGENT));
    await until(() => payload(bench, 1) !== undefined);
    expect(JSON.parse(payload(bench, 7)?.toString() ?? "")).toMatchObject({
      CustomerMessage: "This session is encrypted using AWS KMS.",
    });
    expect(decrypted(payload(bench, 1) ?? Buffer.alloc(0)).toString()).toBe("ready\r\n");
    expect(contexts).toEqual([undefined]);
    bench.session.stop("");
  });

  it("decrypts input, and never acknowledges what it cannot decrypt", async () => {
    const { bench } = encryptedShell();
    bench.session.receive(keyResponse());
    await until(() => payload(bench, 8) !== undefined);
    bench.session.receive(challengeResponse(bench, 1, TO_AGENT));
    await until(() => payload(bench, 1) !== undefined);
    bench.session.receive(written({ number: 2, payload: Buffer.from("in clear, and long enough to be a payload\n") }));
    expect(bench.link.acknowledged).toEqual([0, 1]);
    bench.session.receive(written({ number: 2, payload: encrypted(TO_AGENT, Buffer.from("typed\n")) }));
    const heard = (): string =>
      bench.link.output
        .filter((message) => message.payloadType === 1)
        .map((message) => decrypted(message.payload).toString())
        .join("");
    await until(() => heard().includes("got typed"));
    expect(bench.link.acknowledged).toEqual([0, 1, 2]);
    bench.session.stop("");
  });

  it("hands on its random challenge only when the client says that it used it", async () => {
    const { bench, contexts } = encryptedShell();
    const challenge = (requested(bench)[1]?.ActionParameters as { Challenge: string }).Challenge;
    bench.session.receive(keyResponse({ ChallengeAcknowledgement: true }));
    await until(() => contexts.length > 0);
    expect([contexts, Buffer.from(challenge, "base64").length]).toEqual([[challenge], 16]);
    bench.session.stop("");
  });

  it("ends 15 s after a challenge that was answered with another key", async () => {
    const { bench } = encryptedShell(false);
    bench.session.receive(keyResponse());
    await until(() => payload(bench, 8) !== undefined);
    bench.session.receive(challengeResponse(bench, 1, randomBytes(32)));
    await bench.clock.advance(14_999);
    expect(await settled(bench.session.ended)).toBe("pending");
    await bench.clock.advance(1);
    await expect(bench.session.ended).resolves.toContain("Timed out waiting for encryption challenge.");
  });

  it("ends when KMS refuses to decrypt", async () => {
    const refuse = (): Promise<Buffer> => Promise.reject(new Error("AccessDeniedException"));
    const encryption = { kmsKeyId: "alias/sessions", decryptDataKey: refuse };
    const bench = agentBench({ documentName: "SSM-SessionManagerRunShell", encryption });
    bench.session.receive(keyResponse());
    await expect(bench.session.ended).resolves.toContain("AccessDeniedException");
  });

  it("ends when the client answers without a key: nobody downgrades the session", async () => {
    const { bench } = encryptedShell();
    const action = { ActionType: "SessionType", ActionStatus: 1, ActionResult: null, Error: "" };
    const response = { ClientVersion: "1.2.650.0", ProcessedClientActions: [action], Errors: null };
    bench.session.receive(written({ payloadType: 6, payload: Buffer.from(JSON.stringify(response)) }));
    await expect(bench.session.ended).resolves.toContain("The client sent no encryption key.");
  });

  it("leaves ports in clear", () => {
    const encryption = { kmsKeyId: "alias/sessions", decryptDataKey: () => Promise.resolve(DATA_KEY) };
    const bench = agentBench({ encryption });
    expect(requested(bench).map((action) => action.ActionType)).toEqual(["SessionType"]);
    bench.session.stop("");
  });
});

function encryptedShell(inRealTime = true): { bench: AgentBench; contexts: (string | undefined)[] } {
  const contexts: (string | undefined)[] = [];
  const decryptDataKey = (ciphertext: Buffer, randomChallenge: string | undefined): Promise<Buffer> => {
    if (ciphertext.toString() !== "wrapped key") throw new RangeError("another ciphertext");
    contexts.push(randomChallenge);
    return Promise.resolve(DATA_KEY);
  };
  const bench = agentBench({
    documentName: "AWS-StartInteractiveCommand",
    parameters: { command: ["stty -echo; echo ready; read line; echo got $line; read more"] },
    encryption: { kmsKeyId: "alias/sessions", decryptDataKey },
    ...(inRealTime ? { clock: systemClock } : {}),
  });
  return { bench, contexts };
}

function requested(bench: AgentBench): { ActionType: string; ActionParameters: unknown }[] {
  const request = JSON.parse(payload(bench, 5)?.toString() ?? "") as { RequestedClientActions: [] };
  return request.RequestedClientActions;
}

/** The first payload of this type. */
function payload(bench: AgentBench, payloadType: number): Buffer | undefined {
  return bench.link.output.find((message) => message.payloadType === payloadType)?.payload;
}

function keyResponse(more: Record<string, unknown> = {}): Buffer {
  const result = { KMSCipherTextKey: Buffer.from("wrapped key").toString("base64"), KMSCipherTextHash: null, ...more };
  const actions = ["SessionType", "KMSEncryption"].map((ActionType, index) => {
    return { ActionType, ActionStatus: 1, ActionResult: index === 1 ? result : null, Error: "" };
  });
  const response = { ClientVersion: "1.2.650.0", ProcessedClientActions: actions, Errors: null };
  return written({ payloadType: 6, payload: Buffer.from(JSON.stringify(response)) });
}

function challengeResponse(bench: AgentBench, number: number, key: Buffer): Buffer {
  const { Challenge } = JSON.parse(payload(bench, 8)?.toString() ?? "") as { Challenge: string };
  const answer = encrypted(key, decrypted(Buffer.from(Challenge, "base64"))).toString("base64");
  return written({ number, payloadType: 9, payload: Buffer.from(JSON.stringify({ Challenge: answer })) });
}

function encrypted(key: Buffer, plaintext: Buffer): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

function decrypted(bytes: Buffer): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", TO_CLIENT, bytes.subarray(0, 12)).setAuthTag(bytes.subarray(-16));
  return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
}
