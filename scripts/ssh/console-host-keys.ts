// Finds host keys in an instance's console output, where cloud-init prints it at the first boot.
import { HOST_KEY_TYPE } from "./known-hosts.ts";
import { readPublicKeyLine } from "./public-key.ts";

const BEGIN = "-----BEGIN SSH HOST KEY KEYS-----";
const END = "-----END SSH HOST KEY KEYS-----";

/** An ed25519 key is 51 bytes long, whatever it is: 68 letters. What stands before it on the line is a log's. */
const KEY = new RegExp(`(?:^|\\s)(${HOST_KEY_TYPE} [A-Za-z0-9+/]{68})(?:\\s|$)`);

/**
 * The host keys, base64, each once.
 *
 * Whatever runs on the instance as root may write to its console, and a log may repeat what a stranger has sent it. So
 * nothing but a whole key between cloud-init's two markers counts, and whoever meets two should believe neither.
 */
export function hostKeysInConsole(text: string): string[] {
  const blocks = text.split(BEGIN).slice(1);
  return [...new Set(blocks.flatMap((block) => keysIn(block.split(END, 2))))];
}

/** A block without its end was cut off, or is none. */
function keysIn([block = "", rest]: readonly string[]): string[] {
  if (rest === undefined) return [];
  return block.split(/\r?\n/).flatMap((line) => {
    const key = readPublicKeyLine(KEY.exec(line)?.[1] ?? "");
    return key === undefined ? [] : key.base64;
  });
}
