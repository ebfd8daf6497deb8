// Private directories, and whom they trust.
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensurePrivateDirectory } from "../../../scripts/platform/private-directories.ts";

describe("ensurePrivateDirectory()", () => {
  const userId = process.getuid?.();
  let directory = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "private-"));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it("makes it, with those above it, closed to others", () => {
    const path = join(directory, "a", "b");
    ensurePrivateDirectory(path, userId);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it("closes one that is open", () => {
    const path = join(directory, "open");
    mkdirSync(path);
    chmodSync(path, 0o755);
    ensurePrivateDirectory(path, userId);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it("closes it by its access list on Windows, once, when it is made", () => {
    const [path, closed] = [join(directory, "a", "b"), [] as unknown[]];
    for (let count = 0; count < 2; count += 1)
      ensurePrivateDirectory(path, undefined, (...given) => {
        closed.push(given);
      });
    expect(closed).toEqual([[path, "folder"]]);
  });

  it("fails with 73 on Windows when it cannot be closed, each time", () => {
    for (let count = 0; count < 2; count += 1)
      expect(() => {
        ensurePrivateDirectory(join(directory, "a"), undefined); // there is no icacls here
      }).toThrow(/cannot use private directory ".*": it cannot be closed to others/);
  });

  it("fails with 73 for a link, which another user could have put there", () => {
    const path = join(directory, "link");
    symlinkSync(directory, path);
    expect(() => {
      ensurePrivateDirectory(path, userId);
    }).toThrow(expect.objectContaining({ exitCode: 73, message: expect.stringContaining("it is no directory") }));
  });

  it("fails with 73 for one that belongs to another user", () => {
    expect(() => {
      ensurePrivateDirectory(directory, (userId ?? 0) + 1);
    }).toThrow(expect.objectContaining({ exitCode: 73 }));
  });

  it("fails with 73 where none can be made", () => {
    expect(() => {
      ensurePrivateDirectory("/dev/null/x", userId);
    }).toThrow(expect.objectContaining({ exitCode: 73 }));
  });
});
