// A person's ssh configuration is changed whole or not at all, and kept as it was.
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changeConfiguration } from "../../../scripts/ssh/configuration-file.ts";

describe("changeConfiguration()", () => {
  let directory = "";
  let path = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "configuration-"));
    path = join(directory, "config");
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it("makes a file that is not there, and its directory, for its user alone", () => {
    const deep = join(directory, ".ssh", "config");
    expect(changeConfiguration(deep, () => "Host *\n")).toEqual({ isChanged: true, backup: undefined });
    expect([statSync(deep).mode & 0o777, statSync(join(directory, ".ssh")).mode & 0o777]).toEqual([0o600, 0o700]);
  });

  it("keeps the file as it was, and its mode", () => {
    writeFileSync(path, "User x\n", { mode: 0o644 });
    const { backup = "" } = changeConfiguration(path, (text) => `Host a\n${text}`);
    expect([readFileSync(path, "utf8"), readFileSync(backup, "utf8")]).toEqual(["Host a\nUser x\n", "User x\n"]);
    expect(statSync(path).mode & 0o777).toBe(0o644);
    expect(readdirSync(directory).sort()).toEqual(["config", "config.before-isolated-bastion"]);
  });

  it("writes nothing when nothing changes", () => {
    expect(changeConfiguration(path, (text) => text)).toEqual({ isChanged: false, backup: undefined });
    expect(existsSync(path)).toBe(false);
  });

  it("follows a link, and leaves it one", () => {
    writeFileSync(join(directory, "real"), "User x\n");
    symlinkSync("real", path);
    changeConfiguration(path, () => "User y\n");
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(directory, "real"), "utf8")).toBe("User y\n");
  });

  it("fails with 65, and changes nothing, when it is not in UTF-8", () => {
    writeFileSync(path, Buffer.from("# caf\xe9\n", "latin1"));
    expect(() => changeConfiguration(path, () => "")).toThrow(expect.objectContaining({ exitCode: 65 }));
    expect(readFileSync(path, "latin1")).toBe("# caf\xe9\n");
  });

  it("fails with 66 when it is a directory", () => {
    expect(() => changeConfiguration(directory, () => "")).toThrow(expect.objectContaining({ exitCode: 66 }));
  });

  it("fails with 66 when a file is where its directory should be", () => {
    writeFileSync(path, "");
    const under = join(path, "config");
    expect(() => changeConfiguration(under, () => "x")).toThrow(expect.objectContaining({ exitCode: 66 }));
  });
});
