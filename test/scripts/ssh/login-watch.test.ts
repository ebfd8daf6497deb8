// How far a login came, told by what ssh has sent.
import { describe, expect, it } from "@jest/globals";
import { LoginWatch } from "../../../scripts/ssh/login-watch.ts";

/** A packet of RFC 4253: length, padding's length, message number, and what else there is. */
function packet(number: number, contentBytes = 10): Buffer {
  const bytes = Buffer.alloc(4 + 2 + contentBytes);
  bytes.writeUInt32BE(2 + contentBytes, 0);
  bytes.writeUInt8(number, 5);
  return bytes;
}

const version = Buffer.from("SSH-2.0-OpenSSH_9.2\r\n");
const [KEX_INIT, EXCHANGE, GROUP_EXCHANGE, NEW_KEYS] = [packet(20, 1_400), packet(30, 1_200), packet(32), packet(21)];

function stageAfter(...pieces: readonly Buffer[]) {
  const watch = new LoginWatch();
  for (const piece of pieces) watch.see(piece);
  return watch.stage;
}

describe("LoginWatch", () => {
  it.each<[string, readonly Buffer[], string]>([
    ["nothing", [], "hello"],
    ["version and algorithms", [version, KEX_INIT], "hello"],
    ["its half of the key exchange", [version, KEX_INIT, EXCHANGE], "exchange"],
    ["its half of a group exchange", [version, KEX_INIT, GROUP_EXCHANGE], "exchange"],
    ["that it is content", [version, KEX_INIT, EXCHANGE, NEW_KEYS], "login"],
    ["a question about a key", [version, KEX_INIT, EXCHANGE, NEW_KEYS, Buffer.alloc(332)], "login"],
    ["a signature and a channel", [version, KEX_INIT, EXCHANGE, NEW_KEYS, Buffer.alloc(788)], "session"],
  ])("after %s", (_what, pieces, stage) => {
    expect(stageAfter(...pieces)).toBe(stage);
  });

  it("reads what comes byte by byte, and all at once", () => {
    const all = Buffer.concat([version, KEX_INIT, EXCHANGE, NEW_KEYS, Buffer.alloc(300)]);
    expect(stageAfter(...[...all].map((byte) => Buffer.of(byte)))).toBe("login");
    expect(stageAfter(all)).toBe("login");
  });

  it.each<[string, Buffer]>([
    ["a length of nothing", Buffer.alloc(6)],
    ["a length beyond all measure", Buffer.from("ffffffff0014", "hex")],
    ["a version line without an end", Buffer.alloc(300 * 1024, "x")],
  ])("claims nothing about a failed login after %s", (what, bytes) => {
    expect(stageAfter(...(what.startsWith("a version") ? [bytes] : [version, bytes]))).toBe("session");
  });
});
