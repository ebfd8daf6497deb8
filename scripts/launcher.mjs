// Runs one of this project's TypeScript programs: bundles it when a source is newer, then runs the cached bundle.
//
// Why not tsx or ts-node: they cost 0.2 s a start and take paths and caches from the working directory, which may be
// hostile. A bundle is plain JavaScript in our own node_modules; nothing of the working directory is read.
import { createRequire } from "node:module";
import {
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, parse, relative, resolve, sep } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";

const root = dirname(dirname(realpathSync(import.meta.filename)));
const cacheDirectory = join(root, "node_modules", ".cache", "isolated-bastion");
// What lies in node_modules is not looked at file by file: npm rewrites this one file when any of it changes.
const installedPackages = join(root, "node_modules", ".package-lock.json");
// V8's code cache holds the functions that have run so far; after a few runs it holds all that matter.
const RUNS_TO_WARM_UP = 3;
// A command that still runs may load its parts late, so those of an older bundle are kept for a while.
const OLD_PARTS_KEPT_MS = 24 * 60 * 60 * 1000;

const ownFiles = [import.meta.filename, join(import.meta.dirname, "bundle.mjs")];

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

/** The bundle, and the stamp by which the next start knows whether it is still fresh. */
async function bundleOrFail(entry) {
  const { bundle } = await import("./bundle.mjs").catch(() =>
    fail("the project's packages are not installed", `npm ci --prefix '${root}'`, 69),
  );
  const { parts, main, sources } = await bundle(entry).catch((error) =>
    fail(`cannot bundle "${entry}": ${error.message}`, "npm run types shows where", 70),
  );
  const watched = [...sources, ...[installedPackages, ...ownFiles].map((path) => relative(root, path))];
  const inputs = Object.fromEntries(watched.map((path) => [path, modification(resolve(root, path))]));
  return { parts, stamp: { inputs, main, runs: {} } };
}

/** Parts of this program's older bundles. */
function removeOldParts(prefix) {
  for (const name of readdirSync(cacheDirectory).filter((file) => file.startsWith(`${prefix}.`))) {
    const path = join(cacheDirectory, name);
    if (Date.now() - statSync(path).mtimeMs > OLD_PARTS_KEPT_MS) removeQuietly(path);
  }
}

/** A program's bundle, from the cache if that is fresh. */
class Program {
  #entry;
  #prefix;
  #stampPath;
  #stamp;
  #parts;
  #loaded = new Map();
  #scripts = [];

  constructor(entry) {
    this.#entry = entry;
    this.#prefix = `${relative(root, entry).replaceAll(sep, "+")}.${process.version}-${process.arch}`;
    this.#stampPath = join(cacheDirectory, `${this.#prefix}.json`);
    this.#stamp = readStamp(this.#stampPath);
  }

  async run() {
    const isUsable = this.#stamp !== undefined && isFresh(this.#stamp) && this.#read(this.#stamp.main) !== undefined;
    if (!isUsable) await this.#bundle();
    process.on("exit", () => this.#keepCode());
    this.#load(this.#stamp.main);
  }

  async #bundle() {
    ({ parts: this.#parts, stamp: this.#stamp } = await bundleOrFail(this.#entry));
    removeQuietly(this.#stampPath);
    for (const [name, code] of this.#parts) writeWhole(this.#path(name, "cjs"), code);
    writeWhole(this.#stampPath, JSON.stringify(this.#stamp));
    try {
      removeOldParts(this.#prefix);
    } catch {
      // there is no cache
    }
  }

  #path(name, extension) {
    return join(cacheDirectory, `${this.#prefix}.${parse(name).name}.${extension}`);
  }

  #read(name) {
    return this.#parts?.get(name) ?? readOrUndefined(this.#path(name, "cjs"), "utf8");
  }

  /** The part's exports. Parts import each other as "./NAME.js"; all else is Node's own, or external. */
  #load(name) {
    const known = this.#loaded.get(name);
    if (known !== undefined) return known.exports;
    const cachedData = readOrUndefined(this.#path(name, "v8"));
    const script = new Script(`(function (exports, require, module, __filename, __dirname) {${this.#read(name)}\n})`, {
      filename: this.#path(name, "cjs"),
      cachedData,
    });
    this.#scripts.push({ name, script, isCached: cachedData !== undefined && script.cachedDataRejected === false });
    const module = { exports: {} };
    this.#loaded.set(name, module);
    const requireOfEntry = createRequire(this.#entry);
    const require = (id) => (id.startsWith("./") ? this.#load(id.slice(2)) : requireOfEntry(id));
    script.runInThisContext()(module.exports, require, module, this.#entry, dirname(this.#entry));
    return module.exports;
  }

  #keepCode() {
    const { runs } = this.#stamp;
    const cold = this.#scripts.filter(({ name, isCached }) => !isCached || (runs[name] ?? 0) < RUNS_TO_WARM_UP);
    if (cold.length === 0) return;
    for (const { name, script } of cold) {
      runs[name] = (runs[name] ?? 0) + 1;
      writeWhole(this.#path(name, "v8"), script.createCachedData());
    }
    writeWhole(this.#stampPath, JSON.stringify(this.#stamp));
  }
}

// A command that carries data leaves garbage behind each message. V8 would let its young generation grow to 32 MiB for
// that; kept as small as it begins, the process stays 30 MiB smaller, at a tenth more processor time.
setFlagsFromString("--semi-space-growth-factor=1");

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
await new Program(entry).run();
