// What is believed of an instance's console output.
import { describe, expect, it } from "@jest/globals";
import { hostKeysInConsole } from "../../../scripts/ssh/console-host-keys.ts";

const key = "AAAAC3NzaC1lZDI1NTE5AAAAIMdWTrZRN1+pL3BRHZMT+7aOT0L/Zd3oqJS+s0du6ZUL";
const other = "AAAAC3NzaC1lZDI1NTE5AAAAINdWTrZRN1+pL3BRHZMT+7aOT0L/Zd3oqJS+s0du6ZUL";
const block = (...lines: readonly string[]): string =>
  ["-----BEGIN SSH HOST KEY KEYS-----", ...lines, "-----END SSH HOST KEY KEYS-----", ""].join("\r\n");

describe("hostKeysInConsole()", () => {
  it("finds the ed25519 key as cloud-init prints it, among others and among a boot's noise", () => {
    const text = `[    0.000000] Linux version 6.1\r\n${block(
      "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTY= root@ip-10-0-1-5",
      `ssh-ed25519 ${key} root@ip-10-0-1-5`,
    )}login: `;
    expect(hostKeysInConsole(text)).toEqual([key]);
  });

  it("finds it behind a log's prefix, and once however often it is printed", () => {
    const line = `[   14.1] cloud-init[2145]: ssh-ed25519 ${key} root@x`;
    expect(hostKeysInConsole(block(line) + block(line))).toEqual([key]);
  });

  it("finds all that contradict each other", () => {
    expect(hostKeysInConsole(block(`ssh-ed25519 ${key}`) + block(`ssh-ed25519 ${other}`))).toEqual([key, other]);
  });

  it.each<[string, string]>([
    ["nothing", ""],
    ["a key outside the markers", `ssh-ed25519 ${key} root@x\n`],
    ["a block that was cut off", block(`ssh-ed25519 ${key}`).replace("-----END", "")],
    ["a key that was cut off", block(`ssh-ed25519 ${key.slice(0, -4)}`)],
    ["a key that goes on", block(`ssh-ed25519 ${key}AAAA`)],
    [
      "a key whose inside is of another type",
      block(`ssh-ed25519 ${key.replace("ZWQyNTUxOQ", "ZWQyNTUxOR").replace("lZDI1", "lZDI2")}`),
    ],
    ["a fingerprint", block("256 SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU root@x (ED25519)")],
    ["another line of known_hosts", block(`@cert-authority * ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ==`)],
  ])("finds nothing in %s", (_what, text) => {
    expect(hostKeysInConsole(text)).toEqual([]);
  });

  it("is done at once with a console full of markers", () => {
    expect(hostKeysInConsole("-----BEGIN SSH HOST KEY KEYS-----\n".repeat(2_000))).toEqual([]);
  });
});
