// The project's own known-hosts files, which ssh reads and writes too.
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KnownHosts } from "../../../scripts/ssh/known-hosts.ts";

const key = "AAAAC3NzaC1lZDI1NTE5AAAAIMdWTrZRN1+pL3BRHZMT+7aOT0L/Zd3oqJS+s0du6ZUL";
const host = "i-0123456789abcdef0";

describe("KnownHosts", () => {
  let directory = "";
  let knownHosts: KnownHosts;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "known-"));
    knownHosts = new KnownHosts(join(directory, "known_hosts"));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it("knows nobody where there is no file", () => {
    expect(knownHosts.keyOf(host)).toBeUndefined();
  });

  it("adds a key that ssh finds, in a file for its user alone", () => {
    knownHosts.add(host, key);
    expect(knownHosts.keyOf(host)).toBe(key);
    const found = spawnSync("ssh-keygen", ["-F", host, "-f", knownHosts.path], { encoding: "utf8" });
    expect(found.stdout).toContain(`${host} ssh-ed25519 ${key}`);
    expect(statSync(knownHosts.path).mode & 0o777).toBe(0o600);
  });

  it("keeps the lines that are there, and begins a new one after a line without an end", () => {
    writeFileSync(knownHosts.path, `other ssh-ed25519 ${key}`);
    knownHosts.add(host, key);
    expect(readFileSync(knownHosts.path, "utf8")).toBe(`other ssh-ed25519 ${key}\n${host} ssh-ed25519 ${key}\n`);
  });

  it("finds a name that ssh has hashed", () => {
    knownHosts.add(host, key);
    spawnSync("ssh-keygen", ["-H", "-f", knownHosts.path]);
    expect(readFileSync(knownHosts.path, "utf8")).not.toContain(host);
    expect(knownHosts.keyOf(host)).toBe(key);
    expect(knownHosts.keyOf("i-0123456789abcdef1")).toBeUndefined();
  });

  it.each([
    ["a key of another kind", `${host} ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ==`],
    ["a revoked one", `@revoked ${host} ssh-ed25519 ${key}`],
    ["a comment", `# ${host} ssh-ed25519 ${key}`],
    ["the name within another one", `x${host} ssh-ed25519 ${key}`],
  ])("does not take %s for the host's key", (_what, text) => {
    writeFileSync(knownHosts.path, `${text}\n`);
    expect(knownHosts.keyOf(host)).toBeUndefined();
  });

  it("holds one key only, or no file at all", () => {
    knownHosts.add("old", key);
    knownHosts.holdOnly(host, key);
    expect(readFileSync(knownHosts.path, "utf8")).toBe(`${host} ssh-ed25519 ${key}\n`);
    knownHosts.holdOnly(host, undefined);
    expect([existsSync(knownHosts.path), readdirSync(directory)]).toEqual([false, []]);
  });
});
