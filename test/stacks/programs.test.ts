// The programs that cdktf runs, as processes: what they print and end with.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";

const root = dirname(dirname(import.meta.dirname));
let outputDirectory: string;

beforeEach(() => {
  outputDirectory = mkdtempSync(join(tmpdir(), "stacks-"));
});
afterEach(() => {
  rmSync(outputDirectory, { recursive: true });
});

function run(program: string, environment: Record<string, string>) {
  // As cdktf.json says: a package of cdktf's calls what Node 24 warns of.
  const words = ["--disable-warning=DEP0044", join(root, "scripts", "launcher.mjs"), join(root, "stacks", program)];
  return spawnSync(process.execPath, words, {
    cwd: tmpdir(),
    env: { PATH: process.env["PATH"], CDKTF_OUTDIR: outputDirectory, ...environment },
    encoding: "utf8",
  });
}

describe.each([
  ["main.ts", "bastion"],
  ["state-bucket.ts", "state-bucket"],
])("stacks/%s", (program, stack) => {
  it("synthesizes from dev.tfvars.json as shipped, from any folder, and tells on stdout what it costs", () => {
    const { status, stdout, stderr } = run(program, { STATE_BACKEND: "local" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout.split("\n")).toEqual([
      expect.stringMatching(/^stacks: note: about \$\d+\.\d\d a month: /),
      expect.stringMatching(/^stacks: note: list prices of us-east-1 /),
      "",
    ]);
    expect(existsSync(join(outputDirectory, "stacks", stack, "cdk.tf.json"))).toBe(true);
  });

  it("ends with status 66 and two lines, not a stack trace, when there are no settings", () => {
    const { status, stderr } = run(program, { ENVIRONMENT: "none" });
    expect(status).toBe(66);
    expect(stderr.split("\n")).toEqual([
      "stacks: error: none.tfvars.json: does not exist",
      expect.stringMatching(/^stacks: hint: /),
      "",
    ]);
  });
});

describe("stacks/draw-diagram.ts", () => {
  const draw = (...words: string[]) =>
    spawnSync(
      process.execPath,
      [
        "--disable-warning=DEP0044",
        join(root, "scripts", "launcher.mjs"),
        join(root, "stacks", "draw-diagram.ts"),
        ...words,
      ],
      {
        cwd: outputDirectory,
        env: { PATH: process.env["PATH"] },
        encoding: "utf8",
      },
    );

  it("draws the settings that it is given, and prints where", () => {
    const output = join(outputDirectory, "out.svg");
    const { status, stdout, stderr } = draw("--settings", join(root, "dev.tfvars.json"), "-o", output);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `${output}\n`, stderr: "" });
    expect(existsSync(output)).toBe(true);
  });

  it("tells of its options, and sends there whoever slips", () => {
    expect(draw("--help").stdout).toContain("--settings FILE");
    const { status, stderr } = draw("--colour");
    expect(status).toBe(64);
    expect(stderr).toBe("diagram: error: Unknown option '--colour'\ndiagram: hint: npm run diagram -- --help\n");
  });
});
