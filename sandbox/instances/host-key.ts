// The host key of an instance: made once, kept in the instance's directory, so that a reboot does not change it.
import { execFile } from "node:child_process"; // its output is not wanted, and there is no shell to quote for
import { randomUUID } from "node:crypto";
import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import ssh2 from "ssh2";

export interface HostKey {
  /** Path of the private key, OpenSSH format, mode 0600. */
  readonly privateKeyFile: string;
  readonly privateKey: string;
  /** `ssh-ed25519 <base64>`. */
  readonly publicKey: string;
}

/** Reads the instance's Ed25519 host key, and makes it first if there is none. */
export async function hostKeyIn(directory: string): Promise<HostKey> {
  const privateKeyFile = join(directory, "ssh_host_ed25519_key");
  const privateKey = (await textIfThere(privateKeyFile)) ?? (await makeHostKey(privateKeyFile));
  return { privateKeyFile, privateKey, publicKey: publicKeyOf(privateKey) };
}

/** By ssh-keygen, as ssh2 1.17 makes a broken key when one of its numbers begins with a zero byte: 1 of 130. */
async function makeHostKey(file: string): Promise<string> {
  // Made whole under another name first: a sandbox that is killed here leaves no half a key.
  const unfinished = `${file}.${randomUUID()}`;
  await promisify(execFile)("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", unfinished]);
  await rename(`${unfinished}.pub`, `${file}.pub`);
  await rename(unfinished, file);
  return readFile(file, "utf8");
}

function publicKeyOf(privateKey: string): string {
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error) throw key;
  return `${key.type} ${key.getPublicSSH().toString("base64")}`;
}

async function textIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
