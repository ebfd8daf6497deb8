// Which files are taken for a key pair, and what is said of the others.
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../../scripts/errors/user-error.ts";
import { ephemeralKeyPair, namedKeyPair } from "../../../scripts/ssh/key-pair.ts";

describe("key pairs", () => {
  const userId = process.getuid?.();
  let directory = "";
  let path = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "keys-"));
    path = join(directory, "my_key");
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  function generate(...sshKeygenArguments: string[]): string {
    const { status, stderr } = spawnSync("ssh-keygen", ["-q", "-f", path, ...sshKeygenArguments], { encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
    return readFileSync(`${path}.pub`, "utf8").split(" ").slice(0, 2).join(" ");
  }

  function errorFor(name: string): UserError {
    try {
      namedKeyPair(name, userId);
    } catch (error) {
      if (error instanceof UserError) return error;
      throw error;
    }
    throw new TypeError(`"${name}" was taken`);
  }

  describe("ephemeralKeyPair()", () => {
    it("makes a pair that only its owner may read", () => {
      const pair = ephemeralKeyPair(directory);
      expect(pair).toMatchObject({ identityFile: join(directory, "key"), isEphemeral: true, isNew: true });
      expect(statSync(pair.identityFile).mode & 0o777).toBe(0o600);
    });
  });

  describe("namedKeyPair()", () => {
    it("makes my_key (0600) and my_key.pub where there is none", () => {
      const pair = namedKeyPair(path, userId);
      expect(readdirSync(directory)).toEqual(["my_key", "my_key.pub"]);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(readFileSync(`${path}.pub`, "utf8")).toBe(`${pair.publicKey} isolated-bastion\n`);
      expect(pair).toMatchObject({ isEphemeral: false, isNew: true });
    });

    it("closes a new private key on Windows before anything is in it", () => {
      const seen: unknown[] = [];
      const { isNew } = namedKeyPair(path, undefined, (...given) => {
        seen.push([...given, readFileSync(path, "utf8")]);
      });
      expect([isNew, seen]).toEqual([true, [[path, "file", ""]]]);
      expect(readFileSync(path, "utf8")).toContain("PRIVATE KEY");
    });

    it("fails with 73 on Windows, and leaves nothing, when it cannot be closed", () => {
      const make = () => namedKeyPair(path, undefined); // there is no icacls here
      expect(make).toThrow(expect.objectContaining({ exitCode: 73 }));
      expect(readdirSync(directory)).toEqual([]);
    });

    it("uses the pair that it made before, unchanged", () => {
      const { publicKey } = namedKeyPair(path, userId);
      const content = readFileSync(path);
      expect(namedKeyPair(path, userId)).toEqual({ identityFile: path, publicKey, isEphemeral: false, isNew: false });
      expect(readFileSync(path)).toEqual(content);
    });

    it.each([
      ["ed25519", ["-t", "ed25519", "-N", ""]],
      ["ed25519 with a passphrase", ["-t", "ed25519", "-N", "secret", "-a", "1"]],
      ["RSA", ["-t", "rsa", "-b", "2048", "-N", ""]],
      ["RSA in PEM", ["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""]],
      ["RSA in PKCS 8", ["-t", "rsa", "-b", "2048", "-m", "PKCS8", "-N", ""]],
    ])("uses a pair that is there: %s, with and without its .pub", (_name, sshKeygenArguments) => {
      const publicKey = generate(...sshKeygenArguments);
      expect(namedKeyPair(path, userId).publicKey).toBe(publicKey);
      rmSync(`${path}.pub`);
      expect(namedKeyPair(path, userId).publicKey).toBe(publicKey);
    });

    it("uses PEM with a passphrase by the .pub beside it, and shows how to make that", () => {
      const publicKey = generate("-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "secret");
      expect(namedKeyPair(path, userId).publicKey).toBe(publicKey);
      rmSync(`${path}.pub`);
      expect(errorFor(path)).toMatchObject({ exitCode: 65, hint: `ssh-keygen -y -f ${path} > ${path}.pub` });
    });

    it.each([
      ["ecdsa", ["-t", "ecdsa", "-N", ""], "ecdsa-sha2-nistp256"],
      ["ecdsa in PEM", ["-t", "ecdsa", "-m", "PEM", "-N", ""], "EC P-256"],
    ])("fails with 65 for a type that EC2 Instance Connect refuses: %s", (_name, sshKeygenArguments, type) => {
      generate(...sshKeygenArguments);
      expect(errorFor(path)).toMatchObject({
        exitCode: 65,
        message: `cannot use key "${path}": EC2 Instance Connect takes ed25519 and RSA, and this is ${type}`,
      });
    });

    it("fails with 65 when the .pub belongs to another key", () => {
      namedKeyPair(path, userId);
      const other = namedKeyPair(join(directory, "other"), userId);
      writeFileSync(`${path}.pub`, other.publicKey);
      expect(errorFor(path).message).toContain("the public key beside it belongs to another private key");
    });

    it("fails with 66, and makes nothing, when only the .pub is there", () => {
      writeFileSync(`${path}.pub`, "ssh-ed25519 AAAA");
      expect(errorFor(path)).toMatchObject({ exitCode: 66 });
      expect(readdirSync(directory)).toEqual(["my_key.pub"]);
    });

    it("fails with 65 for the public key, and names the private one", () => {
      namedKeyPair(path, userId);
      expect(errorFor(`${path}.pub`)).toMatchObject({ exitCode: 65, hint: `name the private key: ${path}` });
    });

    it.each([
      ["text", "not a key"],
      ["nothing", ""],
      ["half a key", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n"],
      ["armor around nonsense", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"],
      ["PEM around nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"],
      ["too much", "x".repeat(70_000)],
    ])("fails with 65 for a file with %s in it", (_name, content) => {
      writeFileSync(path, content, { mode: 0o600 });
      expect(errorFor(path)).toMatchObject({
        exitCode: 65,
        message: `cannot use key "${path}": it holds no private key`,
      });
      expect(readFileSync(path, "utf8")).toBe(content);
    });

    it("fails with 65 when others may read it, and shows how to close it", () => {
      namedKeyPair(path, userId);
      chmodSync(path, 0o644);
      expect(errorFor(path)).toMatchObject({ exitCode: 65, hint: `chmod 600 ${path}` });
    });

    it("fails with 65 for a directory", () => {
      mkdirSync(path);
      expect(errorFor(path)).toMatchObject({ exitCode: 65, message: `cannot use key "${path}": it is no file` });
    });

    it("fails with 66 when it cannot be read", () => {
      symlinkSync(path, path); // round and round
      expect(errorFor(path)).toMatchObject({ exitCode: 66, message: `cannot read key "${path}": ELOOP` });
    });

    it("fails with 73 when the pair cannot be made", () => {
      expect(errorFor(join(directory, "none", "my_key"))).toMatchObject({ exitCode: 73 });
    });

    it("fails with 65 for a path that ssh would read as another one", () => {
      expect(errorFor(join(directory, "${HOME}"))).toMatchObject({ exitCode: 65 });
    });
  });
});
