import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

const root = dirname(dirname(import.meta.dirname));
const firstLines = `#!/bin/sh
//usr/bin/env true; exec node "$(dirname "$(readlink -f "$0")")/launcher.mjs" "$0" "$@"
`;
const greeting = `${firstLines}import { word } from "./word.ts";
process.stdout.write(JSON.stringify({ word, given: process.argv.slice(2), file: import.meta.filename }));
`;

describe("launcher.mjs", () => {
  let directory = "";
  let project = "";
  const script = (): string => join(project, "scripts", "greet.ts");

  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), "launcher-")));
    project = join(directory, `it's a #project? 100% "mine"`);
    mkdirSync(join(project, "scripts"), { recursive: true });
    mkdirSync(join(project, "node_modules"));
    for (const name of ["esbuild", "@esbuild"])
      symlinkSync(join(root, "node_modules", name), join(project, "node_modules", name));
    writeFileSync(join(project, "node_modules", ".package-lock.json"), "{}");
    for (const name of ["launcher.mjs", "bundle.mjs"])
      copyFileSync(join(root, "scripts", name), join(project, "scripts", name));
    writeFileSync(join(project, "scripts", "word.ts"), `export const word: string = "hello";`);
    writeFileSync(script(), greeting);
    chmodSync(script(), 0o755);
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  function run(program: string, given: readonly string[] = [], options: { cwd?: string; PATH?: string } = {}): unknown {
    const environment = { ...process.env, ...(options.PATH === undefined ? {} : { PATH: options.PATH }) };
    const { stdout, stderr } = spawnSync(program, [...given], {
      cwd: options.cwd ?? directory,
      env: environment,
      encoding: "utf8",
    });
    return stderr === "" ? JSON.parse(stdout) : stderr;
  }

  it("passes arguments unchanged, and the entry point's own path, from a project whose path has every odd character", () => {
    const given = ["a b", "", "it's", '"quoted"', "$HOME", "*", "--", "-x"];
    expect(run(script(), given)).toEqual({ word: "hello", given, file: script() });
  });

  it("starts through an absolute link, a relative link, and the PATH", () => {
    const links = join(directory, "bin");
    mkdirSync(links);
    symlinkSync(script(), join(links, "absolute"));
    symlinkSync(join("..", script().slice(directory.length + 1)), join(links, "relative"));
    for (const name of ["absolute", "relative"]) expect(run(join(links, name))).toMatchObject({ file: script() });
    expect(run("relative", [], { PATH: `${links}${delimiter}${process.env["PATH"] ?? ""}` })).toMatchObject({
      file: script(),
    });
  });

  it("takes nothing from the working directory", () => {
    const hostile = join(directory, "hostile");
    mkdirSync(join(hostile, "node_modules", "esbuild"), { recursive: true });
    writeFileSync(
      join(hostile, "tsconfig.json"),
      JSON.stringify({ compilerOptions: { paths: { "./word.ts": ["./evil.ts"], "*": ["./evil.ts"] } } }),
    );
    writeFileSync(join(hostile, "evil.ts"), `export const word = "evil";`);
    writeFileSync(join(hostile, "word.ts"), `export const word = "evil";`);
    writeFileSync(join(hostile, "node_modules", "esbuild", "index.js"), "throw new Error('evil')");
    writeFileSync(join(hostile, "package.json"), JSON.stringify({ type: "commonjs", imports: { "#x": "./evil.ts" } }));
    expect(run(script(), [], { cwd: hostile })).toMatchObject({ word: "hello" });
  });

  it("bundles anew when a source has changed, and only then", () => {
    run(script());
    const cache = join(project, "node_modules", ".cache", "isolated-bastion");
    const bundle = readdirSync(cache).find((name) => name.endsWith(".cjs")) ?? "";
    writeFileSync(join(cache, bundle), `process.stdout.write('{"word":"cached"}')`);
    expect(run(script())).toEqual({ word: "cached" });
    writeFileSync(join(project, "scripts", "word.ts"), `export const word: string = "changed";`);
    utimesSync(join(project, "scripts", "word.ts"), 2_000_000_000, 2_000_000_000);
    expect(run(script())).toMatchObject({ word: "changed" });
  });

  it("runs without a cache where none can be written", () => {
    writeFileSync(join(project, "node_modules", ".cache"), "a file where the folder should be");
    expect(run(script())).toMatchObject({ word: "hello" });
    expect(readdirSync(join(project, "node_modules")).sort()).toEqual([
      ".cache",
      ".package-lock.json",
      "@esbuild",
      "esbuild",
    ]);
  });

  it("survives a cache that is broken", () => {
    run(script());
    const cache = join(project, "node_modules", ".cache", "isolated-bastion");
    for (const name of readdirSync(cache).filter((file) => /\.(json|v8)$/.test(file)))
      writeFileSync(join(cache, name), "{broken");
    expect(run(script())).toMatchObject({ word: "hello" });
  });

  it("loads what a program imports late only when it does, and from the cache too", () => {
    writeFileSync(
      script(),
      `${firstLines}import { word } from "./word.ts";
const late = process.argv[2] === "late" ? (then: (more: object) => void) => import("./late.ts").then(then) : (then: (more: object) => void) => then({});
late((more: object) => process.stdout.write(JSON.stringify({ word, ...more })));
`,
    );
    writeFileSync(
      join(project, "scripts", "late.ts"),
      `import { word } from "./word.ts"; export const twice = word + word; throw_(); function throw_() { if (process.argv[2] !== "late") throw 1 }`,
    );
    for (const time of ["first", "second"]) {
      expect([time, run(script())]).toEqual([time, { word: "hello" }]);
      expect([time, run(script(), ["late"])]).toEqual([time, { word: "hello", twice: "hellohello" }]);
    }
  });

  it("fails with Unavailable (69) and the cure when the packages are not installed", () => {
    rmSync(join(project, "node_modules", "esbuild"));
    const { status, stderr } = spawnSync(script(), { encoding: "utf8" });
    expect(stderr).toMatch(/packages are not installed\n.*npm ci/);
    expect(status).toBe(69);
  });

  it("fails with Usage (64) for a program outside the project", () => {
    const outside = join(directory, "outside.ts");
    writeFileSync(outside, "");
    const { status, stderr } = spawnSync(process.execPath, [join(project, "scripts", "launcher.mjs"), outside], {
      encoding: "utf8",
    });
    expect(stderr).toContain("is not one of this project's programs");
    expect(status).toBe(64);
  });
});
