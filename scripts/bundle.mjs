// Bundles one of this project's TypeScript programs with esbuild: what the launcher runs, and what a package ships.
import { readFileSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { build, transform } from "esbuild";

export const root = dirname(import.meta.dirname);

// The launcher runs the parts with vm.Script, which has no import() of its own.
const commonJs = { format: "cjs", target: "node20", platform: "node", supported: { "dynamic-import": false } };

/** esbuild's options for a whole program as ES modules, cut where it says import(). */
export const inModules = {
  absWorkingDir: root,
  bundle: true,
  packages: "bundle",
  format: "esm",
  splitting: true,
  target: "node20",
  platform: "node",
  mainFields: ["module", "main"], // without it the AWS SDK cannot be shaken, and a start takes 0.15 s longer
  tsconfigRaw: { compilerOptions: { target: "es2022" } },
  metafile: true,
  write: false,
  logLevel: "silent",
  plugins: [shakableSchemas()],
};

/**
 * The parts by name, the one that the program begins with, and the files of ours that they were made of.
 *
 * A command starts often: it is bundled whole, in parts that are cut where it says import(), so that --help loads no SDK
 * and what is loaded is free of what is not used. Stacks and sandbox load their large packages as they are.
 *
 * @returns {Promise<{ parts: Map<string, string>, main: string, sources: string[] }>}
 * @throws esbuild's BuildFailure
 */
export async function bundle(entry) {
  const isCommand = relative(root, entry).startsWith(`scripts${sep}`);
  const result = await build({
    ...inModules,
    entryPoints: [entry],
    outdir: "parts",
    entryNames: "[hash]",
    chunkNames: "[hash]",
    ...(isCommand ? {} : { packages: "external", splitting: false, ...commonJs }),
    define: { "import.meta.filename": "__filename", "import.meta.dirname": "__dirname" },
  });
  const toCommonJs = async (text) => (await transform(text, { ...commonJs, logLevel: "silent" })).code;
  const parts = new Map();
  for (const { path, text } of result.outputFiles) {
    const code = text.replace(/^#!.*\n/, "");
    parts.set(basename(path), isCommand ? await toCommonJs(code) : code);
  }
  const path = relative(root, entry).replaceAll(sep, "/");
  const [main] = Object.entries(result.metafile.outputs).find(([, { entryPoint }]) => entryPoint === path);
  const sources = Object.keys(result.metafile.inputs).filter((input) => !input.includes("node_modules"));
  return { parts, main: basename(main), sources };
}

/** Some packages are CommonJS inside, and ask for Node's own modules with require(). */
export const withRequire = {
  js: 'import { createRequire as createRequireOf } from "node:module"; const require = createRequireOf(import.meta.url);',
};

/**
 * Programs that run as they are, with all that they share: file name and content of each module.
 *
 * @param entries - paths; a program's module has its name, as .mjs
 * @returns {Promise<Map<string, string>>}
 * @throws esbuild's BuildFailure
 */
export async function bundlePrograms(entries) {
  const result = await build({
    ...inModules,
    entryPoints: entries,
    outdir: "programs",
    entryNames: "[name]",
    chunkNames: "parts/[hash]",
    outExtension: { ".js": ".mjs" },
    banner: withRequire,
  });
  const directory = join(root, "programs");
  return new Map(result.outputFiles.map(({ path, text }) => [relative(directory, path), withNodeFirst(text)]));
}

/** Our first lines look for the launcher; what is bundled needs Node only. */
function withNodeFirst(text) {
  return text.replace(/^#!.*\n/, "#!/usr/bin/env node\n");
}

/**
 * Lets esbuild drop the shapes of calls that nobody makes: 1 MB of EC2's, which cost each start 30 ms.
 *
 * The AWS SDK writes traits as `{ [_xN]: _i }` and `8 | 4`. Both could have an effect for all that esbuild knows, so it
 * keeps whatever they stand in; with the constants written out it sees that they have none.
 */
function shakableSchemas() {
  const setup = ({ onLoad }) => {
    onLoad({ filter: /[\\/]client-[a-z0-9-]+[\\/]dist-es[\\/]schemas[\\/]schemas_0\.js$/ }, ({ path }) => ({
      contents: withConstantsWrittenOut(readFileSync(path, "utf8")),
      loader: "js",
    }));
  };
  return { name: "shakable-schemas", setup };
}

function withConstantsWrittenOut(source) {
  const constants = new Map(
    Array.from(source.matchAll(/^const (_\w+) = ("\w+");$/gm), ([, name, text]) => [name, text]),
  );
  return source
    .replace(/\[(_\w+)\]:/g, (key, name) => (constants.has(name) ? `${constants.get(name)}:` : key))
    .replace(/\b(\d+) \| (\d+)\b/g, (_sum, one, other) => String(Number(one) | Number(other)));
}
