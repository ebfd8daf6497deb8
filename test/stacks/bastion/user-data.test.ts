// The bastion's first start: what it does to OS users, with a real sshd that reads what it would read there.
import { execFile, execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { findSshd } from "../../../sandbox/instances/openssh.ts";
import { sshdConfiguration, userData } from "../../../stacks/bastion/user-data.ts";
import { resource, synthesize } from "../synthesized.ts";

const TARGETS = [
  { name: "orders", host: "orders.internal", port: 5432, cidr: "10.20.0.0/24" },
  { name: "cache", host: "10.20.1.7", port: 6379, cidr: "10.20.1.0/24" },
];

describe("userData()", () => {
  it("is nothing where nothing is asked for", () => {
    expect(userData({})).toBeUndefined();
    expect(resource(synthesize(), "aws_instance.bastion_host_1")).not.toHaveProperty("user_data");
  });

  it("is a script that sh can read, and a change of it replaces the bastion", () => {
    const synthesized = synthesize({ targets: TARGETS, tunnel_user: "tunnel", ssm_user_sudo: false });
    const instance = resource(synthesized, "aws_instance.bastion_host_1");
    expect(instance["user_data_replace_on_change"]).toBe(true);
    const { status, stderr } = spawnSync("sh", ["-n"], { input: String(instance["user_data"]), encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  it("leaves a file in the place of the one by which the SSM Agent grants sudo, with no rule in it", () => {
    const script = String(userData({ ssmUserSudo: false }));
    const rules = /echo '(.*)' >\/etc\/sudoers\.d\/ssm-agent-users/.exec(script)?.[1];
    expect(rules).toMatch(/^#/);
    expect(script).not.toContain("useradd");
  });

  it("holds nothing that Terraform would take for a template", () => {
    const tunnelUser = { name: "tunnel", targets: TARGETS };
    expect(userData({ ssmUserSudo: false, tunnelUser })).not.toMatch(/[$%]\{/);
  });
});

describe("the tunnel user, at a real sshd", () => {
  const user = userInfo().username;
  let directory: string;
  let allowed: Server;
  let forbidden: Server;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "user-data-"));
    for (const name of ["host", "key"])
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(directory, name)]);
    [allowed, forbidden] = await Promise.all([greeter("allowed"), greeter("forbidden")]);
  });

  afterAll(() => {
    allowed.close();
    forbidden.close();
    rmSync(directory, { recursive: true });
  });

  const portOf = (server: Server): number => (server.address() as AddressInfo).port;

  /** As on an instance: keys come from a command of EC2 Instance Connect's, and the block stands at the end. */
  function configurationFile(name: string): string {
    const file = join(directory, `sshd_config-${name}`);
    const block = sshdConfiguration({ name, targets: [{ host: "127.0.0.1", port: portOf(allowed) }] });
    const lines = [
      `HostKey ${join(directory, "host")}`,
      `AuthorizedKeysCommand /bin/cat ${join(directory, "key.pub")}`,
      `AuthorizedKeysCommandUser ${user}`,
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      block,
      "X11DisplayOffset 11",
      "",
    ];
    writeFileSync(file, lines.join("\n"), { mode: 0o600 });
    return file;
  }

  function ssh(words: readonly string[], name = user): Promise<{ status: number; stdout: string; stderr: string }> {
    const proxy = `ProxyCommand=${findSshd() ?? ""} -i -f ${configurationFile(name)}`;
    const quiet = ["-o", "StrictHostKeyChecking=no", "-o", `UserKnownHostsFile=${join(directory, "known_hosts")}`];
    const key = ["-F", "none", "-i", join(directory, "key"), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"];
    return new Promise((resolve) => {
      const child = execFile("ssh", ["-o", proxy, ...quiet, ...key, ...words], (error, stdout, stderr) => {
        resolve({ status: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
      });
      child.stdin?.end();
    });
  }

  it("forwards to a target", async () => {
    const { stdout } = await ssh(["-W", `127.0.0.1:${portOf(allowed)}`, `${user}@bastion`]);
    expect(stdout).toBe("allowed");
  });

  it("forwards to nothing else", async () => {
    const { stdout, stderr } = await ssh(["-W", `127.0.0.1:${portOf(forbidden)}`, `${user}@bastion`]);
    expect(stdout).toBe("");
    expect(stderr).toContain("administratively prohibited");
  });

  it("runs no command and opens no shell", async () => {
    const { status, stdout } = await ssh([`${user}@bastion`, "echo", "in"]);
    expect(stdout).toBe("");
    expect(status).not.toBe(0);
  });

  it("leaves everybody else as before: forwarding anywhere, and commands", async () => {
    const [forwarded, ran] = await Promise.all([
      ssh(["-W", `127.0.0.1:${portOf(forbidden)}`, `${user}@bastion`], "tunnel"),
      ssh([`${user}@bastion`, "echo", "in"], "tunnel"),
    ]);
    expect(forwarded.stdout).toBe("forbidden");
    expect(ran.stdout).toContain("in");
  });
});

/** Says a word to whoever connects, and closes. */
async function greeter(word: string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.end(word);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
