// Keys that we make, read by OpenSSH's own ssh-keygen.
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { makeEd25519KeyPair } from "../../../scripts/ssh/openssh-key.ts";

const KEYS = 10_000;
const MANY_KEYS = `
  import { makeEd25519KeyPair } from "../../../scripts/ssh/openssh-key.ts";
  const made = new Set();
  for (let index = 0; index < ${KEYS}; index += 1) made.add(makeEd25519KeyPair("a").publicKey);
  console.log(made.size);
`;

describe("makeEd25519KeyPair()", () => {
  let directory = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "key-"));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  // Comments of each length modulo 8, so that each length of the padding occurs.
  it.each(["", "a", "ab", "abc", "abcd", "abcde", "abcdef", "abcdefg", "ann@laptop"])(
    'makes what ssh-keygen reads, with the comment "%s"',
    (comment) => {
      const { privateKey, publicKey } = makeEd25519KeyPair(comment);
      const path = join(directory, "key");
      writeFileSync(path, privateKey, { mode: 0o600 });
      const { stdout, stderr, status } = spawnSync("ssh-keygen", ["-y", "-P", "", "-f", path], { encoding: "utf8" });
      expect([status, stderr]).toEqual([0, ""]);
      expect(stdout.trimEnd()).toBe(publicKey.trimEnd());
    },
  );

  it("makes another one each time", () => {
    expect(makeEd25519KeyPair("a").publicKey).not.toBe(makeEd25519KeyPair("a").publicKey);
  });

  // Once, the garbage collection that comes in the middle of the work stood still, and the process with it.
  it("makes thousands in one process", async () => {
    const { outputFiles } = await build({
      stdin: { contents: MANY_KEYS, resolveDir: import.meta.dirname },
      bundle: true,
      write: false,
      platform: "node",
      format: "cjs",
    });
    const { status, stdout } = spawnSync(process.execPath, ["--gc-global", "-"], {
      input: outputFiles[0]?.contents,
      timeout: 20_000, // a process that stands still would stay
      killSignal: "SIGKILL",
      encoding: "utf8",
    });
    expect([status, stdout]).toEqual([0, `${KEYS}\n`]);
  });

  it("makes a pair whose halves belong together: what one signs the other verifies", () => {
    const { privateKey, publicKey } = makeEd25519KeyPair("ann");
    const path = join(directory, "key");
    writeFileSync(path, privateKey, { mode: 0o600 });
    writeFileSync(join(directory, "allowed"), `ann ${publicKey}\n`);
    const sign = spawnSync("ssh-keygen", ["-Y", "sign", "-f", path, "-n", "test"], { input: "text" });
    writeFileSync(join(directory, "signature"), sign.stdout);
    const verify = spawnSync(
      "ssh-keygen",
      ["-Y", "verify", "-f", join(directory, "allowed"), "-I", "ann", "-n", "test", "-s", join(directory, "signature")],
      { input: "text" },
    );
    expect(verify.status).toBe(0);
  });
});
