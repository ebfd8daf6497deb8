// Runs one of this project's TypeScript programs: bundles it when a source is newer, then runs the cached bundle.
//
// Why not tsx or ts-node: they cost 0.2 s a start and take paths and caches from the working directory, which may be
// hostile. A bundle is plain JavaScript in our own node_modules; nothing of the working directory is read.
import { createRequire } from "node:module";
import { mkdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { Script } from "node:vm";

const root = dirname(dirname(realpathSync(import.meta.filename)));
const cacheDirectory = join(root, "node_modules", ".cache", "isolated-bastion");
// What lies in node_modules is not looked at file by file: npm rewrites this one file when any of it changes.
const installedPackages = join(root, "node_modules", ".package-lock.json");
// V8's code cache holds the functions that have run so far; after a few runs it holds all that matter.
const RUNS_TO_WARM_UP = 3;

function fail(message, hint, status) {
  process.stderr.write(`launcher: error: ${message}\nlauncher: hint: ${hint}\n`);
  process.exit(status);
}

function modification(path) {
  const { mtimeMs, size } = statSync(path);
  return `${mtimeMs}:${size}`;
}

function isFresh(stamp) {
  try {
    return Object.entries(stamp.inputs).every(([path, seen]) => modification(resolve(root, path)) === seen);
  } catch {
    return false; // an input is gone
  }
}

/** Removes a file if it is there; one that cannot be removed is not worth a failed start. */
function removeQuietly(path) {
  try {
    rmSync(path, { force: true });
  } catch {
    // a cache that cannot be used is done without
  }
}

function readStamp(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined; // none yet, or one that a full disk cut short
  }
}

function readOrUndefined(path, encoding) {
  try {
    return readFileSync(path, encoding);
  } catch {
    return undefined;
  }
}

/** Whole or not at all: another start may be reading the same file. A cache that cannot be written is done without. */
function writeWhole(path, content) {
  const draft = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(draft, content);
    renameSync(draft, path);
  } catch {
    removeQuietly(draft);
  }
}

function bundle(entry) {
  let esbuild;
  try {
    esbuild = createRequire(import.meta.url)("esbuild");
  } catch {
    fail("the project's packages are not installed", `npm ci --prefix '${root}'`, 69);
  }
  const isCommand = relative(root, entry).startsWith(`scripts${sep}`);
  const result = esbuild.buildSync({
    entryPoints: [entry],
    absWorkingDir: root,
    bundle: true,
    // A command is bundled whole, because it starts often; stacks and sandbox load their large packages as they are.
    packages: isCommand ? "bundle" : "external",
    platform: "node",
    format: "cjs",
    target: "node20",
    mainFields: ["module", "main"], // without it the AWS SDK cannot be shaken, and a start takes 0.15 s longer
    supported: { "dynamic-import": false }, // vm.Script has no import() of its own
    define: { "import.meta.filename": "__filename", "import.meta.dirname": "__dirname" },
    tsconfigRaw: { compilerOptions: { target: "es2022" } },
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const ours = Object.keys(result.metafile.inputs).filter((path) => !path.includes("node_modules"));
  const watched = [...ours, relative(root, installedPackages), relative(root, import.meta.filename)];
  const inputs = Object.fromEntries(watched.map((path) => [path, modification(resolve(root, path))]));
  return { code: result.outputFiles[0].text.replace(/^#!.*\n/, ""), stamp: { inputs, runs: 0 } };
}

function bundleOrFail(entry) {
  try {
    return bundle(entry);
  } catch (error) {
    return fail(`cannot bundle "${entry}": ${error.message}`, "npm run types shows where", 70);
  }
}

function load(entry) {
  const name = `${relative(root, entry).replaceAll(sep, "+")}.${process.version}-${process.arch}`;
  const paths = {
    stamp: join(cacheDirectory, `${name}.json`),
    code: join(cacheDirectory, `${name}.cjs`),
    v8: join(cacheDirectory, `${name}.v8`),
  };
  const stamp = readStamp(paths.stamp);
  const code = stamp !== undefined && isFresh(stamp) ? readOrUndefined(paths.code, "utf8") : undefined;
  if (code !== undefined) return { paths, stamp, code, cachedData: readOrUndefined(paths.v8) };
  const fresh = bundleOrFail(entry);
  removeQuietly(paths.stamp);
  writeWhole(paths.code, fresh.code);
  writeWhole(paths.stamp, JSON.stringify(fresh.stamp));
  return { paths, ...fresh, cachedData: undefined };
}

function run(entry) {
  const { paths, stamp, code, cachedData } = load(entry);
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {${code}\n})`, {
    filename: paths.code,
    cachedData,
  });
  const isWarm = cachedData !== undefined && script.cachedDataRejected === false && stamp.runs >= RUNS_TO_WARM_UP;
  if (!isWarm) {
    process.on("exit", () => {
      writeWhole(paths.v8, script.createCachedData());
      writeWhole(paths.stamp, JSON.stringify({ ...stamp, runs: stamp.runs + 1 }));
    });
  }
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(entry), module, entry, dirname(entry));
}

const [node, , script, ...rest] = process.argv;
if (script === undefined) fail("no program named", "node scripts/launcher.mjs scripts/connect.ts --help", 64);
let entry;
try {
  entry = realpathSync(script);
} catch {
  fail(`cannot find "${script}"`, "name one of the programs in scripts/", 66);
}
if (!entry.startsWith(root + sep))
  fail(`"${script}" is not one of this project's programs`, `they are in ${join(root, "scripts")}`, 64);
process.argv = [node, entry, ...rest];
run(entry);
