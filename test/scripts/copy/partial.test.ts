import { describe, expect, it } from "@jest/globals";
import { partialPath } from "../../../scripts/copy/partial.ts";

describe("partialPath()", () => {
  it.each([
    ["dump.sql", "dump.sql.partial"],
    ["/var/log/big.log", "/var/log/big.log.partial"],
    ["a folder/", "a folder.partial"],
    ["./-rf", "./-rf.partial"],
  ])("puts what will be %j at %j", (path, partial) => {
    expect(partialPath(path)).toBe(partial);
  });

  it.each(["a".repeat(255), "ü".repeat(127), "😀".repeat(63)])("cuts a name that leaves no room: %j", (name) => {
    const partial = partialPath(`/home/${name}`);
    expect(partial).toMatch(/^\/home\/[^/]+\.partial$/);
    expect(Buffer.byteLength(partial) - "/home/".length).toBeLessThanOrEqual(255);
    expect(partial).not.toContain("\ufffd");
  });
});
