// How a command is started: by its own first lines, or on Windows by the shim beside it.
import { describe, expect, it } from "@jest/globals";
import { filesBelow, textOf } from "./source-files.ts";

const files = filesBelow("scripts").filter((path) => /^scripts\/[^/]+\.(ts|cmd)$/.test(path));
const entryPoints = files.filter((path) => path.endsWith(".ts")).map((path) => path.replace(/\.ts$/, ""));

describe("entry points", () => {
  it("have a shim each, and no shim is without its entry point", () => {
    const shims = files.filter((path) => path.endsWith(".cmd")).map((path) => path.replace(/\.cmd$/, ""));
    expect(shims).toEqual(entryPoints);
  });

  it.each(entryPoints)("%s.cmd starts its neighbour, and nothing of the working directory", (path) => {
    const name = path.replace(/^scripts\//, "");
    expect(textOf(`${path}.cmd`)).toBe(
      `@setlocal & set NoDefaultCurrentDirectoryInExePath=1& node "%~dp0launcher.mjs" "%~dp0${name}.ts" %*\r\n`,
    );
  });
});
