// The Host block, as ssh itself understands it, and its place in a person's configuration.
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostBlock, withBlock, withoutBlock } from "../../../scripts/ssh/host-block.ts";
import { hostFiles } from "../../../scripts/ssh/host-files.ts";

const HOST = "sandbox-dev-bastion-host";

function blockAt(directory: string, proxy: string): string {
  const files = hostFiles(directory, HOST);
  const proxyCommand = [proxy, "--os-user", "ec2-user", "--region", "eu-west-1"];
  return hostBlock({ host: HOST, osUser: "ec2-user", files, proxyCommand, platform: "linux" });
}

describe("hostBlock()", () => {
  let directory = "";
  beforeEach(() => {
    directory = join(mkdtempSync(join(tmpdir(), "block-")), `it's a "100%h" \\ place`);
    mkdirSync(directory);
  });
  afterEach(() => {
    rmSync(join(directory, ".."), { recursive: true });
  });

  function ssh(...words: readonly string[]) {
    return spawnSync("ssh", ["-F", join(directory, "config"), ...words], { encoding: "utf8" });
  }

  it("hands program, arguments and paths over whole: blank, quotes, percent sign, backslash", () => {
    const [proxy, seen] = [join(directory, "proxy.sh"), join(directory, "seen")];
    writeFileSync(proxy, `#!/bin/sh\nprintf '%s\\n' "$@" > "$(dirname "$0")/seen"\n`, { mode: 0o755 });
    writeFileSync(join(directory, "config"), blockAt(directory, proxy));
    ssh(HOST, "true");
    expect(readFileSync(seen, "utf8").split("\n")).toEqual([
      "--os-user",
      "ec2-user",
      "--region",
      "eu-west-1",
      HOST,
      "",
    ]);
    const settings = ssh("-G", HOST).stdout;
    const { identityFile, knownHostsFile } = hostFiles(directory, HOST);
    for (const path of [identityFile, knownHostsFile]) expect(settings.replaceAll("%%", "%")).toContain(path);
  });

  it("speaks of its own host, and leaves what follows it to every host", () => {
    const configuration = withBlock("User bob\nHost other\n  User carl\n", HOST, blockAt(directory, "/proxy.ts"));
    writeFileSync(join(directory, "config"), configuration);
    const userOf = (host: string) => /^user (.*)$/m.exec(ssh("-G", host).stdout)?.[1];
    expect([userOf(HOST), userOf("any"), userOf("other")]).toEqual(["ec2-user", "bob", "bob"]);
    expect(ssh("-G", "any").stdout).not.toContain("proxycommand");
  });

  it.each(["/a\nb", "/a/${HOME}/b"])("fails with 65 for a path that ssh would misread: %j", (path) => {
    expect(() => blockAt(path, "/proxy.ts")).toThrow(expect.objectContaining({ exitCode: 65 }));
    expect(() => blockAt("/state", path)).toThrow(expect.objectContaining({ exitCode: 65 }));
  });
});

describe("hostBlock() on Windows", () => {
  it("has ssh start node itself, since there is no shell to read a first line", () => {
    const proxyCommand = ["C:\\Program Files\\nodejs\\node.exe", "C:\\100%\\launcher.mjs", "C:\\100%\\proxy.ts"];
    const files = hostFiles("/state", HOST);
    const block = hostBlock({ host: HOST, osUser: "ec2-user", files, proxyCommand, platform: "win32" });
    expect(block).toContain(
      '  ProxyCommand "C:\\Program Files\\nodejs\\node.exe" C:\\100%%\\launcher.mjs C:\\100%%\\proxy.ts %h\n',
    );
  });
});

describe("hostFiles()", () => {
  it.each(["a b", "../x", "-o", ".hidden", "*", "a,b", "%h", "$(x)", "", "x".repeat(201)])(
    "fails with 64 for what cannot be a host: %j",
    (host) => {
      expect(() => hostFiles("/state", host)).toThrow(expect.objectContaining({ exitCode: 64 }));
    },
  );
});

describe("withBlock()", () => {
  const block = blockAt("/state", "/proxy.ts");
  const other = block.replaceAll(HOST, "other");

  it("puts the block first, and the same one again changes nothing", () => {
    const once = withBlock("Host *\n", HOST, block);
    expect(once).toBe(`${block}\nHost *\n`);
    expect(withBlock(once, HOST, block)).toBe(once);
  });

  it("replaces the block that is there, where it is, and no other", () => {
    const configuration = `# mine\n${other}\n${block}\nHost *\n`;
    const changed = withBlock(configuration, HOST, block.replace("ec2-user\n", "ubuntu\n"));
    expect(changed).toBe(`# mine\n${other}\n${block.replace("ec2-user\n", "ubuntu\n")}\nHost *\n`);
  });

  it("finds its markers in a file of Windows' line ends", () => {
    const configuration = `${block.replaceAll("\n", "\r\n")}\r\nHost *\r\n`;
    expect(withBlock(configuration, HOST, block)).toBe(`${block}\r\nHost *\r\n`);
  });

  it("does not take a longer name's block for its own", () => {
    const longer = block.replaceAll(HOST, `${HOST}-2`);
    expect(withBlock(longer, HOST, block)).toBe(`${block}\n${longer}`);
  });

  it.each([block.split("\n").slice(1).join("\n"), block.split("\n").slice(0, -2).join("\n")])(
    "fails with 65 when one of two markers is missing",
    (cut) => {
      expect(() => withBlock(cut, HOST, block)).toThrow(expect.objectContaining({ exitCode: 65 }));
    },
  );
});

describe("withoutBlock()", () => {
  it("undoes withBlock()", () => {
    const block = blockAt("/state", "/proxy.ts");
    for (const text of ["", "Host *\n  User x\n", "User x"])
      expect(withoutBlock(withBlock(text, HOST, block), HOST)).toBe(text);
  });

  it("leaves a configuration without a block as it is", () => {
    expect(withoutBlock("Host *\n", HOST)).toBe("Host *\n");
  });
});
