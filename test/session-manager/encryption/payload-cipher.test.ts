// Payloads under the two halves of a data key, compared with vectors of other implementations.
import { describe, expect, it } from "@jest/globals";
import { PayloadCipher } from "../../../session-manager/encryption/payload-cipher.ts";
import { expectCode } from "../expect-code.ts";
import { fromHex, readVectors } from "../wire/vectors.ts";

const vector = readVectors("encryption") as Record<
  "dataKey" | "nonce" | "plaintext" | "agentToClient" | "clientToAgent",
  string
>;
const dataKey = fromHex(vector.dataKey);
const newCipher = (): PayloadCipher => new PayloadCipher(dataKey, fromHex(vector.nonce));

describe("PayloadCipher", () => {
  it("encrypts for the agent as the vector says, to the last byte", () => {
    expect(newCipher().encrypt(fromHex(vector.plaintext)).toString("hex")).toBe(vector.clientToAgent);
  });

  it("decrypts what the agent has encrypted", () => {
    expect(newCipher().decrypt(fromHex(vector.agentToClient)).toString("hex")).toBe(vector.plaintext);
  });

  it("counts its nonce up, little-endian, so that none comes twice", () => {
    const cipher = new PayloadCipher(dataKey, fromHex("fffe00000000000000000000"));
    const nonces = [0, 1, 2].map(() => cipher.encrypt(Buffer.alloc(1)).subarray(0, 12).toString("hex"));
    expect(nonces).toEqual(["fffe00000000000000000000", "00ff00000000000000000000", "01ff00000000000000000000"]);
  });

  it("begins with a nonce of chance", () => {
    const first = (): string => new PayloadCipher(dataKey).encrypt(Buffer.alloc(1)).subarray(0, 12).toString("hex");
    expect(first()).not.toBe(first());
  });

  it("seals and unseals output, stderr and exit code, and leaves the rest in clear", () => {
    const types = Array.from({ length: 13 }, (_, type) => type);
    const clear = Buffer.alloc(1);
    const sealed = types.filter((type) => newCipher().seal(type, clear) !== clear);
    expect(sealed).toEqual([1, 11, 12]);
    const unsealed = types.filter((type) => newCipher().unseal(type, fromHex(vector.agentToClient)).length === 6);
    expect(unsealed).toEqual([1, 11, 12]);
  });

  it("fails with PAYLOAD_UNDECRYPTABLE whichever bit was changed on the way", () => {
    const payload = fromHex(vector.agentToClient);
    for (let bit = 0; bit < payload.length * 8; bit += 1) {
      const changed = Buffer.from(payload);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expectCode(() => newCipher().decrypt(changed), "PAYLOAD_UNDECRYPTABLE");
    }
  });

  it.each([0, 1, 11, 12, 15, 27, 28, 33])(
    "fails with PAYLOAD_UNDECRYPTABLE for a payload cut to %i bytes",
    (length) => {
      const cut = fromHex(vector.agentToClient).subarray(0, length);
      expectCode(() => newCipher().decrypt(cut), "PAYLOAD_UNDECRYPTABLE");
    },
  );

  it("fails with PAYLOAD_UNDECRYPTABLE for what we have encrypted ourselves: nobody can send it back", () => {
    expectCode(() => newCipher().decrypt(fromHex(vector.clientToAgent)), "PAYLOAD_UNDECRYPTABLE");
  });

  it.each([0, 32, 63, 65])("fails with ENCRYPTION_BAD_DATA_KEY for a key of %i bytes", (length) => {
    expectCode(() => new PayloadCipher(Buffer.alloc(length)), "ENCRYPTION_BAD_DATA_KEY");
  });
});
