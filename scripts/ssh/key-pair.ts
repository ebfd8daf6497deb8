// The key pair that ssh logs in with: one that the person names, kept and never overwritten, or one for this run only.
import { randomUUID } from "node:crypto";
import { type Stats, existsSync, linkSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { errorCode } from "../errors/error-code.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { quoted } from "../errors/printable.ts";
import { UserError } from "../errors/user-error.ts";
import { closeToOthers } from "../platform/windows.ts";
import { makeEd25519KeyPair } from "./openssh-key.ts";
import { type PublicKey, publicKeyOfPrivate, readPublicKeyLine } from "./public-key.ts";
import { shellQuote } from "./shell-quote.ts";

/** A key pair in files. */
export interface KeyPair {
  /** Path of the private key. */
  readonly identityFile: string;
  /** One line as in `authorized_keys`, without comment. */
  readonly publicKey: string;
  /** Made for this run, and gone with it. */
  readonly isEphemeral: boolean;
  /** Whether it was made just now. */
  readonly isNew: boolean;
}

/** @see EC2 Instance Connect's user guide: "RSA (OpenSSH and SSH2) and ED25519" */
const ACCEPTED_TYPES: readonly string[] = ["ssh-ed25519", "ssh-rsa"];
/** A private key file is a few KiB; what is much larger is none. */
const LARGEST_KEY_FILE_BYTES = 64 * 1024;
const COMMENT = "isolated-bastion";

/** A fresh pair in a private directory; whoever made the directory removes it. */
export function ephemeralKeyPair(directory: string): KeyPair {
  return makeKeyPair(join(directory, "key"), true);
}

/**
 * The pair at `path` and `path.pub`: an existing one as it is, with a passphrase too, else a new one (mode 0600).
 *
 * @param userId - the user's number; undefined on Windows
 * @throws UserError (65, 66, 73) when it cannot be read, is no pair, cannot be used by EC2 Instance Connect or not be made
 */
export function namedKeyPair(path: string, userId: number | undefined, close = closeToOthers): KeyPair {
  if (path.includes("${")) {
    throw keyError(path, 'ssh would read "${" in its path as a variable', "move it to another path", ExitCode.Data);
  }
  const found = statOf(path);
  if (found === undefined) return makeNamedKeyPair(path, userId === undefined ? close : undefined);
  refuseNoFile(path, found);
  const publicKey = existingPublicKey(path);
  refuseOpenFile(path, found, userId);
  refuseOtherTypes(path, publicKey);
  const line = `${publicKey.type} ${publicKey.base64}`;
  return { identityFile: path, publicKey: line, isEphemeral: false, isNew: false };
}

/**
 * The pair of a Host block, in a private directory: made at its first use, with no file for the public key.
 *
 * Several commands may need it for the first time at once; they end up with the same one.
 *
 * @throws UserError (65, 66, 73) as for a named pair
 */
export function hostKeyPair(path: string, userId: number | undefined): KeyPair {
  if (statOf(path) === undefined) makePrivateKeyOnce(path);
  return namedKeyPair(path, userId);
}

function makePrivateKeyOnce(path: string): void {
  const unfinished = `${path}.${randomUUID()}`;
  try {
    writeFileSync(unfinished, makeEd25519KeyPair(COMMENT).privateKey, { flag: "wx", mode: 0o600 });
    linkSync(unfinished, path); // fails where a file is, so that the first one stays
  } catch (cause) {
    if (errorCode(cause) !== "EEXIST") throw cannotMake(path, cause);
  } finally {
    rmSync(unfinished, { force: true });
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return undefined;
    throw unreadable(path, cause);
  }
}

function makeNamedKeyPair(path: string, close: CloseFile | undefined): KeyPair {
  if (path.endsWith(".pub") || existsSync(`${path}.pub`)) {
    const hint = "name another file, or bring the private key back beside its public key";
    throw keyError(path, "the public key is there, the private key is not", hint, ExitCode.NotFound);
  }
  return makeKeyPair(path, false, close);
}

/** Needed where a file's mode does not keep others out; a private directory does so everywhere. */
type CloseFile = typeof closeToOthers;

function makeKeyPair(path: string, isEphemeral: boolean, close?: CloseFile): KeyPair {
  const { privateKey, publicKey } = makeEd25519KeyPair(COMMENT);
  try {
    // "wx" fails where a file is, also if it came this very moment.
    if (close === undefined) writeFileSync(path, privateKey, { flag: "wx", mode: 0o600 });
    else writeClosed(path, privateKey, close);
    writeFileSync(`${path}.pub`, `${publicKey}\n`, { flag: "wx", mode: 0o644 });
  } catch (cause) {
    throw cannotMake(path, cause);
  }
  const line = publicKey.split(" ").slice(0, 2).join(" ");
  return { identityFile: path, publicKey: line, isEphemeral, isNew: true };
}

/** Closes the file while there is nothing in it to read. */
function writeClosed(path: string, content: string, close: CloseFile): void {
  writeFileSync(path, "", { flag: "wx" });
  try {
    close(path, "file");
    writeFileSync(path, content);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
}

function cannotMake(path: string, cause: unknown): UserError {
  return new UserError(`cannot make key pair ${quoted(path)}: ${errorCode(cause) ?? "it cannot be written"}`, {
    hint: `may you write in ${quoted(dirname(path))}, and does it exist?`,
    exitCode: ExitCode.CannotCreate,
    cause,
  });
}

function refuseNoFile(path: string, found: Stats): void {
  if (!found.isFile()) throw keyError(path, "it is no file", "name the private key's file", ExitCode.Data);
  if (found.size > LARGEST_KEY_FILE_BYTES) throw noKey(path);
}

/** ssh refuses such a key too, but late and in its own words, and then asks for a password. */
function refuseOpenFile(path: string, found: Stats, userId: number | undefined): void {
  if (userId === undefined || found.uid !== userId || (found.mode & 0o077) === 0) return;
  const hint = `chmod 600 ${shellQuote(path)}`;
  throw keyError(path, "others may read the private key, so ssh refuses it", hint, ExitCode.Data);
}

function existingPublicKey(path: string): PublicKey {
  const text = readText(path);
  if (readPublicKeyLine(text) !== undefined) {
    const hint = `name the private key: ${shellQuote(join(dirname(path), basename(path, ".pub")))}`;
    throw keyError(path, "it is the public key", hint, ExitCode.Data);
  }
  const derived = publicKeyOfPrivate(text);
  const beside = existsSync(`${path}.pub`) ? readPublicKeyLine(readText(`${path}.pub`)) : undefined;
  if (derived === undefined) throw noKey(path);
  if (derived === "encrypted") {
    if (beside !== undefined) return beside;
    const hint = `ssh-keygen -y -f ${shellQuote(path)} > ${shellQuote(`${path}.pub`)}`;
    throw keyError(path, "its passphrase hides the public key, and there is none beside it", hint, ExitCode.Data);
  }
  refuseOtherTypes(path, derived);
  if (beside !== undefined && beside.base64 !== derived.base64) {
    const hint = `ssh-keygen -y -f ${shellQuote(path)} shows the public key that belongs to it`;
    throw keyError(path, "the public key beside it belongs to another private key", hint, ExitCode.Data);
  }
  return derived;
}

function refuseOtherTypes(path: string, { type }: PublicKey): void {
  if (ACCEPTED_TYPES.includes(type)) return;
  const hint = "name a file that does not exist yet, and an ed25519 pair is made there";
  throw keyError(path, `EC2 Instance Connect takes ed25519 and RSA, and this is ${type}`, hint, ExitCode.Data);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): UserError {
  return new UserError(`cannot read key ${quoted(path)}: ${errorCode(cause) ?? "unknown reason"}`, {
    hint: "may you read it, and each folder above it?",
    exitCode: ExitCode.NotFound,
    cause,
  });
}

function noKey(path: string): UserError {
  const hint = "name a private key, or a file that does not exist yet, and a pair is made there";
  return keyError(path, "it holds no private key", hint, ExitCode.Data);
}

function keyError(path: string, met: string, hint: string, exitCode: ExitCode): UserError {
  return new UserError(`cannot use key ${quoted(path)}: ${met}`, { hint, exitCode });
}
