// The arguments that ssh is started with: our key, our known hosts, and a ProxyCommand that joins our socket.
import type { KeyPair } from "./key-pair.ts";
import { shellQuote } from "./shell-quote.ts";
import type { SshWords } from "./ssh-words.ts";

export interface SshConnection {
  readonly instanceId: string;
  readonly osUser: string;
  readonly keyPair: KeyPair;
  readonly knownHostsFile: string;
  /** Words of the program that joins the session to its stdin and stdout. */
  readonly proxyCommand: readonly string[];
  readonly words: SshWords;
}

/**
 * Arguments for ssh(1), without its name.
 *
 * ssh takes the first value it meets for a setting, so what the person wrote stands before ours.
 */
export function sshArguments(connection: SshConnection): string[] {
  const { instanceId, osUser, words } = connection;
  const settings = sshSettings(connection).flatMap((setting) => ["-o", setting]);
  return [...words.options, "-l", osUser, ...settings, "--", instanceId, ...words.command];
}

function sshSettings({ instanceId, keyPair, knownHostsFile, proxyCommand, words }: SshConnection): string[] {
  const settings = [
    `ProxyCommand=${literal(proxyCommand.map(shellQuote).join(" "))}`,
    `IdentityFile=${quotedPath(keyPair.identityFile)}`,
    "IdentitiesOnly=yes",
    // One known host for an instance, whatever name it was reached by.
    `HostKeyAlias=${instanceId}`,
    `UserKnownHostsFile=${quotedPath(knownHostsFile)}`,
    "StrictHostKeyChecking=accept-new",
    // An instance that has to be rebooted first takes minutes.
    "ConnectTimeout=none",
    // A shared connection would outlive the session that this command opens and ends.
    "ControlPath=none",
  ];
  return keyPair.isEphemeral ? [...settings, ...ephemeralSettings(words)] : settings;
}

/** An agent has nothing to do with a key that is gone in a moment, unless it is to be forwarded. */
function ephemeralSettings({ options }: SshWords): string[] {
  const forwardsAgent = options.some((word) => /^-[a-zA-Z]*A/.test(word) || /ForwardAgent/i.test(word));
  return forwardsAgent ? ["AddKeysToAgent=no"] : ["AddKeysToAgent=no", "IdentityAgent=none"];
}

/** ssh replaces %h and its like in paths and in the ProxyCommand; a doubled % is one. */
function literal(text: string): string {
  return text.replaceAll("%", "%%");
}

/** A path as ssh_config(5) wants it: in double quotes, since a blank would begin a second path. */
function quotedPath(path: string): string {
  return `"${literal(path).replace(/["\\]/g, (character) => `\\${character}`)}"`;
}
