// The arguments that ssh is started with: our key, our known hosts, and a ProxyCommand that joins our socket.
import { literal, quotedPath } from "./config-words.ts";
import type { KeyPair } from "./key-pair.ts";
import { HOST_KEY_ALGORITHMS, type KnownHosts } from "./known-hosts.ts";
import type { SshWords } from "./ssh-words.ts";

export interface SshConnection {
  readonly instanceId: string;
  readonly osUser: string;
  readonly keyPair: KeyPair;
  readonly knownHosts: Pick<KnownHosts, "path">;
  /** The program that joins the session to its stdin and stdout, quoted as the system wants it. */
  readonly proxyCommand: string;
}

/**
 * Arguments for ssh(1), without its name.
 *
 * ssh takes the first value it meets for a setting, so what the person wrote stands before ours.
 */
export function sshArguments({ options, command }: SshWords, connection: SshConnection): string[] {
  const { instanceId, osUser } = connection;
  return [...options, "-l", osUser, ...settingWords(connection, options), "--", instanceId, ...command];
}

/** The settings of a connection, as words that ssh, sftp and scp take alike. */
export function settingWords(connection: SshConnection, options: readonly string[]): string[] {
  return settingsOf(connection, options).flatMap((setting) => ["-o", setting]);
}

function settingsOf(
  { instanceId, keyPair, knownHosts, proxyCommand }: SshConnection,
  options: readonly string[],
): string[] {
  const settings = [
    `ProxyCommand=${literal(proxyCommand)}`,
    `IdentityFile=${quotedPath(keyPair.identityFile)}`,
    "IdentitiesOnly=yes",
    // One known host for an instance, whatever name it was reached by.
    `HostKeyAlias=${instanceId}`,
    `UserKnownHostsFile=${quotedPath(knownHosts.path)}`,
    `HostKeyAlgorithms=${HOST_KEY_ALGORITHMS}`,
    "StrictHostKeyChecking=accept-new",
    // An instance's id is no secret, and its line can be found and taken out by hand.
    "HashKnownHosts=no",
    // An instance that has to be rebooted first takes minutes.
    "ConnectTimeout=none",
    // A shared connection would outlive the session that this command opens and ends.
    "ControlPath=none",
  ];
  return keyPair.isEphemeral ? [...settings, ...ephemeralSettings(options)] : settings;
}

/** An agent has nothing to do with a key that is gone in a moment, unless it is to be forwarded. */
function ephemeralSettings(options: readonly string[]): string[] {
  const forwardsAgent = options.some((word) => /^-[a-zA-Z]*A/.test(word) || /ForwardAgent/i.test(word));
  return forwardsAgent ? ["AddKeysToAgent=no"] : ["AddKeysToAgent=no", "IdentityAgent=none"];
}
