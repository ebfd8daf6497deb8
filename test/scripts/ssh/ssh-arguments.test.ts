// What ssh makes of the arguments it is given: asked of ssh itself, with -G.
import { describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { type SshConnection, sshArguments } from "../../../scripts/ssh/ssh-arguments.ts";
import type { SshWords } from "../../../scripts/ssh/ssh-words.ts";

const instanceId = "i-0123456789abcdef0";
const noWords: SshWords = { options: [], command: [] };

function connection(more: Partial<SshConnection> = {}): SshConnection {
  return {
    instanceId,
    osUser: "ec2-user",
    keyPair: { identityFile: "/keys/key", publicKey: "", isEphemeral: true, isNew: true },
    knownHosts: { path: "/state/known_hosts" },
    proxyCommand: "/bin/sh -c cat join /run/to-ssh",
    ...more,
  };
}

/** ssh's own view of its configuration; `-F none` leaves the person's out. */
function settingsOf(given: SshConnection, words: SshWords = noWords): Map<string, string> {
  const { stdout, status } = spawnSync("ssh", ["-F", "none", "-G", ...sshArguments(words, given)], {
    encoding: "utf8",
  });
  expect(status).toBe(0);
  return new Map(stdout.split("\n").map((line) => [line.split(" ", 1)[0] ?? "", line.slice(line.indexOf(" ") + 1)]));
}

describe("sshArguments()", () => {
  it("keeps host keys by instance id in a file of the project's, accepted once", () => {
    const settings = settingsOf(connection());
    expect(settings.get("hostkeyalias")).toBe(instanceId);
    expect(settings.get("userknownhostsfile")).toBe("/state/known_hosts");
    expect(settings.get("stricthostkeychecking")).toBe("accept-new");
    expect(settings.get("hashknownhosts")).toBe("no");
  });

  it("takes no host key of another kind than the one that is kept", () => {
    expect(settingsOf(connection()).get("hostkeyalgorithms")).toBe("ssh-ed25519-cert-v01@openssh.com,ssh-ed25519");
  });

  it("offers the one key and no other", () => {
    const settings = settingsOf(connection());
    expect([settings.get("identityfile"), settings.get("identitiesonly")]).toEqual(["/keys/key", "yes"]);
  });

  it("waits without a limit, unless the person sets one", () => {
    expect(settingsOf(connection()).get("connecttimeout")).toBe("none");
    const words = { options: ["-o", "ConnectTimeout=7"], command: [] };
    expect(settingsOf(connection(), words).get("connecttimeout")).toBe("7");
  });

  it("keeps the agent out of an ephemeral login", () => {
    expect(settingsOf(connection()).get("identityagent")).toBe("none");
  });

  it.each([[["-A"]], [["-vA"]], [["-o", "ForwardAgent=yes"]]])(
    "leaves the agent where it is to be forwarded: %j",
    (options) => {
      expect(settingsOf(connection(), { options, command: [] }).has("identityagent")).toBe(false);
    },
  );

  it("leaves the agent to a named key, which may live in it", () => {
    const keyPair = { identityFile: "/keys/key", publicKey: "", isEphemeral: false, isNew: false };
    expect(settingsOf(connection({ keyPair })).has("identityagent")).toBe(false);
  });

  it("hands paths to ssh whole: blank, quote, percent sign, backslash", () => {
    const odd = `/it's a "100%" \\ place/x`;
    const settings = settingsOf(
      connection({
        keyPair: { identityFile: odd, publicKey: "", isEphemeral: true, isNew: true },
        knownHosts: { path: odd },
      }),
    );
    // Percent signs are halved only when ssh uses the path.
    expect(settings.get("identityfile")?.replaceAll("%%", "%")).toBe(odd);
    expect(settings.get("userknownhostsfile")?.replaceAll("%%", "%")).toBe(odd);
  });

  it("ends the options before the instance, so that the command's own stay the command's", () => {
    const words = { options: ["-v"], command: ["ls", "-l"] };
    const given = sshArguments(words, connection());
    expect(given.slice(-4)).toEqual(["--", instanceId, "ls", "-l"]);
    expect(given[0]).toBe("-v");
  });
});
