// The maintained fork of cdktf and its AWS provider, by npm aliases: installed once, and run in cdktf's place.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { build, type Plugin } from "esbuild";
import { runProgram } from "../../sandbox/program.ts";
import { systemClock } from "../../session-manager/clock.ts";

const root = join(import.meta.dirname, "..", "..");
const cacheDirectory = join(root, "node_modules", ".cache", "isolated-bastion");
const manifests = ["package.json", "package-lock.json"];

/** The folder with the aliases in its node_modules; the second time it is there already. */
export async function installAliases(): Promise<string> {
  const digest = createHash("sha256");
  for (const name of manifests) digest.update(readFileSync(join(import.meta.dirname, name)));
  const place = join(cacheDirectory, `cdktn-${digest.digest("hex").slice(0, 12)}`);
  if (existsSync(place)) return place;
  const draft = `${place}-draft-${process.pid}`;
  mkdirSync(draft, { recursive: true });
  for (const name of manifests) cpSync(join(import.meta.dirname, name), join(draft, name));
  await runProgram({
    program: "npm",
    // Their packages ask for a newer Node than ours, and run on it all the same; npm hands its settings on to us.
    programArguments: ["ci", "--engine-strict=false", "--ignore-scripts", "--no-audit", "--no-fund", "--no-progress"],
    workingDirectory: draft,
    environment: process.env,
    logPath: join(cacheDirectory, "cdktn-install.log"),
    clock: systemClock,
  });
  rmSync(place, { recursive: true, force: true });
  renameSync(draft, place); // whole or not at all
  return place;
}

/**
 * Synthesizes the scenarios of the gate with the packages of `place`; resolves with the stacks' folders, in their order.
 *
 * The stacks' sources are what they are: only where their imports lead to is another place.
 */
export async function synthesizeWith(place: string, directory: string): Promise<readonly string[]> {
  const program = join(cacheDirectory, `cdktn-${process.pid}.cjs`); // where it finds all other packages
  await build({
    entryPoints: [join(import.meta.dirname, "synthesize.ts")],
    outfile: program,
    bundle: true,
    packages: "external",
    format: "cjs",
    platform: "node",
    target: "node20",
    plugins: [importsFrom(place)],
  });
  try {
    const settings = join(root, "dev.tfvars.json");
    const { stdout } = await promisify(execFile)(process.execPath, [program, directory, settings]);
    return stdout.trim().split("\n");
  } finally {
    rmSync(program);
  }
}

/** What the aliases stand for is taken from the folder; it asks for its own dependencies there by itself. */
function importsFrom(place: string): Plugin {
  return {
    name: "aliases",
    setup(building) {
      building.onResolve({ filter: /^(cdktf|constructs|@cdktf\/provider-aws)(\/|$)/ }, ({ path }) => ({
        path: join(place, "node_modules", path),
        external: true,
      }));
    },
  };
}

/** What Terraform reads of a stack. */
export function terraformJson(stackDirectory: string): unknown {
  return JSON.parse(readFileSync(join(stackDirectory, "cdk.tf.json"), "utf8"));
}

/** Paths of the values in which the two differ, and both values. */
export function differences(one: unknown, other: unknown, path = ""): readonly (readonly [string, unknown, unknown])[] {
  if (JSON.stringify(one) === JSON.stringify(other)) return [];
  if (!isContainer(one) || !isContainer(other)) return [[path, one, other]];
  const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return keys.flatMap((key) => differences(one[key], other[key], path === "" ? key : `${path}.${key}`));
}

function isContainer(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
