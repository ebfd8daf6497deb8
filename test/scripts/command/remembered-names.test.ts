// Names for completion: what is kept, what is forgotten, and that no command fails for want of them.
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Aws, Instance } from "../../../scripts/command/aws-ports.ts";
import { type NameKind, RememberedNames, rememberingNames } from "../../../scripts/command/remembered-names.ts";

let directory: string;
let names: RememberedNames;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "names-"));
  names = new RememberedNames(join(directory, "state"), process.getuid?.());
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

describe("RememberedNames", () => {
  it("has those seen last first, each once, kind by kind", () => {
    names.remember("bastion", ["a", "b"]);
    names.remember("rds", ["orders"]);
    names.remember("bastion", ["b", "c"]);
    expect(names.of("bastion")).toEqual(["b", "c", "a"]);
    expect(names.of("rds")).toEqual(["orders"]);
    expect(names.of("cache")).toEqual([]);
  });

  it("forgets those that are gone, and more than 200", () => {
    names.remember("bastion", ["a", "b"]);
    names.remember("bastion", [], ["a"]);
    expect(names.of("bastion")).toEqual(["b"]);
    names.remember(
      "bastion",
      Array.from({ length: 300 }, (_, index) => `n${index}`),
    );
    expect(names.of("bastion")).toHaveLength(200);
  });

  it("leaves out what a terminal would obey, what is a flag, and what is too long", () => {
    names.remember("bastion", ["\u001b[31m", "two\nlines", "-rf", "", "x".repeat(257), "$(kept as it is)"]);
    expect(names.of("bastion")).toEqual(["$(kept as it is)"]);
  });

  it("believes nothing else of its file, whoever has written there", () => {
    names.remember("bastion", ["a"]);
    const path = join(directory, "state", "names.json");
    for (const content of ["", "[]", '{"bastion":"a"}', '{"bastion":[1,{},"\\u001b"]}']) {
      writeFileSync(path, content);
      expect(names.of("bastion")).toEqual([]);
    }
    names.remember("bastion", ["b"]);
    expect(names.of("bastion")).toEqual(["b"]);
  });

  it("is open to its user alone", () => {
    names.remember("bastion", ["a"]);
    expect(statSync(join(directory, "state")).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, "state", "names.json")).mode & 0o777).toBe(0o600);
  });

  it("does without a file that it cannot write", () => {
    const unwritable = new RememberedNames(join(directory, "file", "state"), process.getuid?.());
    writeFileSync(join(directory, "file"), "no directory");
    unwritable.remember("bastion", ["a"]);
    expect(unwritable.of("bastion")).toEqual([]);
  });

  it("writes only what is new", () => {
    names.remember("bastion", ["a"]);
    const path = join(directory, "state", "names.json");
    chmodSync(path, 0o400);
    const before = statSync(path).ino;
    names.remember("bastion", ["a"]);
    expect(statSync(path).ino).toBe(before);
    expect(readFileSync(path, "utf8")).toBe('{"bastion":["a"]}');
  });
});

describe("rememberingNames()", () => {
  const seen: [NameKind, readonly string[], (readonly string[])?][] = [];
  const recorder: Pick<RememberedNames, "remember"> = {
    remember: (...given: [NameKind, readonly string[], (readonly string[])?]) => void seen.push(given),
  };
  const instance = (name: string | undefined, state: Instance["state"]): Instance =>
    ({ instanceId: "i-0123456789abcdef0", name, state }) as Instance;

  beforeEach(() => {
    seen.length = 0;
  });

  it("keeps the names of instances, and forgets one that nothing has any more", async () => {
    const answers: Partial<Aws> = {
      findInstancesByName: (name) =>
        Promise.resolve(name === "old" ? [instance("old", "terminated")] : [instance(name, "stopped")]),
      findInstanceById: () => Promise.resolve(instance("by-id", "running")),
      listInstanceNames: () => Promise.resolve(["a", "b"]),
    };
    const aws = rememberingNames(answers as Aws, recorder);
    expect(await aws.findInstancesByName("new")).toHaveLength(1);
    await aws.findInstancesByName("old");
    await aws.findInstanceById("i-0123456789abcdef0");
    expect(await aws.listInstanceNames()).toEqual(["a", "b"]);
    expect(seen).toEqual([
      ["bastion", ["new"], []],
      ["bastion", [], ["old"]],
      ["bastion", ["by-id"]],
      ["bastion", ["a", "b"]],
    ]);
  });

  it("keeps databases and caches as the tunnel takes them", async () => {
    const endpoints = [
      { name: "orders", role: "writer" },
      { name: "orders", role: "reader" },
    ] as Awaited<ReturnType<Aws["listDatabases"]>>;
    const answers: Partial<Aws> = {
      listDatabases: () => Promise.resolve(endpoints),
      listCaches: () => Promise.resolve(endpoints.slice(0, 1)),
    };
    const aws = rememberingNames(answers as Aws, recorder);
    expect(await aws.listDatabases()).toBe(endpoints);
    await aws.listCaches();
    expect(seen).toEqual([
      ["rds", ["orders", "orders/reader"]],
      ["cache", ["orders"]],
    ]);
  });
});
