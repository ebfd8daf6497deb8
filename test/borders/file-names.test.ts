// Names of files and folders: a room is named after what is in it.
import { describe, expect, it } from "@jest/globals";
import { filesBelow } from "./source-files.ts";

const nothings = /^(utils?|helpers?|common|misc|shared|lib)$/;

describe("file names", () => {
  const paths = filesBelow("");

  it("has no folder or file called util, helper, common, misc, shared or lib", () => {
    const named = paths.filter((path) => path.split("/").some((part) => nothings.test(part.replace(/\.[^.]+$/, ""))));
    expect(named).toEqual([]);
  });

  it("writes TypeScript file names in kebab-case", () => {
    const odd = paths
      .filter((path) => path.endsWith(".ts"))
      .filter((path) => !/^[a-z0-9-]+(\.test)?\.ts$/.test(path.split("/").at(-1) ?? ""));
    expect(odd).toEqual([]);
  });
});
