// The script that installs ec2-instance-connect, run by the system's own sh, with package managers that only write down.
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { INSTALL_EC2_INSTANCE_CONNECT } from "../../../stacks/associations/install-script.ts";

const sh = execFileSync("/bin/sh", ["-c", "command -v sh"], { encoding: "utf8" }).trim();
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "install-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** What the managers were told, and how the script ended; at the place of `present` there is a program. */
function run(managers: readonly string[], present = ""): { told: string; status: number | null; stderr: string } {
  const bin = join(directory, "bin");
  const log = join(directory, "log");
  mkdirSync(bin);
  writeFileSync(log, "");
  for (const name of managers) {
    writeFileSync(join(bin, name), `#!${sh}\necho "${name} $*" >> '${log}'\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const script = present === "" ? INSTALL_EC2_INSTANCE_CONNECT : INSTALL_EC2_INSTANCE_CONNECT.replace(present, sh);
  const { status, stderr } = spawnSync(sh, ["-c", script], { env: { PATH: bin }, encoding: "utf8" });
  return { told: readFileSync(log, "utf8"), status, stderr };
}

describe("the script", () => {
  it.each([
    [["dnf", "yum"], "dnf install -y ec2-instance-connect\n"],
    [["yum"], "yum install -y ec2-instance-connect\n"],
    [["apt-get"], "apt-get update\napt-get install -y ec2-instance-connect\n"],
  ])("installs with the first of %j", (managers, told) => {
    expect(run(managers)).toEqual({ told, status: 0, stderr: "" });
  });

  it.each(["/opt/aws/bin/eic_run_authorized_keys", "/usr/share/ec2-instance-connect/eic_run_authorized_keys"])(
    "does nothing where %s is there",
    (program) => {
      expect(run(["dnf"], program)).toEqual({ told: "", status: 0, stderr: "" });
    },
  );

  it("fails where there is no package manager that it knows", () => {
    expect(run([])).toEqual({ told: "", status: 69, stderr: "no dnf, yum or apt-get\n" });
  });
});
