// `npm run package`: lays out what npm publishes in .package/ – the commands, bundled and ready to run, the constructs and
// the Session Manager client – and packs it.
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { bundlePrograms, inModules, root, withRequire } from "./bundle.mjs";

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
/** What other programs import; the constructs need CDKTF, which whoever uses them has. */
const libraries = ["stacks", "session-manager"];
const peers = ["cdktf", "@cdktf/provider-aws", "constructs"];
/** What the constructs' types speak of, and the bundles bring with them. */
const peersOfTypes = ["zod"];

async function writeCommands(directory) {
  const names = readdirSync(join(root, "scripts")).filter((name) => name.endsWith(".ts"));
  const programs = await bundlePrograms(names.map((name) => join(root, "scripts", name)));
  for (const [name, content] of programs) {
    const path = join(directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    if (!name.startsWith("parts")) chmodSync(path, 0o755);
  }
  copyFileSync(join(root, "scripts", "isolated-bastion.mjs"), join(directory, "isolated-bastion.mjs"));
}

async function writeLibraries(directory) {
  const entries = libraries.map((name) => join(root, name, "index.ts"));
  await build({
    ...inModules,
    entryPoints: Object.fromEntries(libraries.map((name) => [`${name}/index`, join(root, name, "index.ts")])),
    outdir: directory,
    external: peers.flatMap((name) => [name, `${name}/*`]),
    splitting: false,
    outExtension: { ".js": ".mjs" },
    banner: withRequire,
    write: true,
  });
  const project = { extends: join(root, "tsconfig.json"), files: entries, include: [] };
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: root,
    outDir: directory,
  };
  const path = join(directory, "tsconfig.json");
  writeFileSync(
    path,
    JSON.stringify({
      ...project,
      compilerOptions: { ...compilerOptions, typeRoots: [join(root, "node_modules", "@types")] },
    }),
  );
  execFileSync(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", path], {
    stdio: "inherit",
  });
  rmSync(path);
}

function writeManifest(directory) {
  const { name, version, description, license, type, engines, dependencies } = manifest;
  const optional = [...peers, ...peersOfTypes];
  const content = {
    ...{ name, version, description, license, type, engines },
    bin: { [name]: "commands/isolated-bastion.mjs" },
    exports: Object.fromEntries(
      libraries.map((library) => [
        `./${library}`,
        { types: `./${library}/index.d.ts`, default: `./${library}/index.mjs` },
      ]),
    ),
    peerDependencies: Object.fromEntries(optional.map((peer) => [peer, `^${dependencies[peer]}`])),
    peerDependenciesMeta: Object.fromEntries(optional.map((peer) => [peer, { optional: true }])),
  };
  writeFileSync(join(directory, "package.json"), `${JSON.stringify(content, undefined, 2)}\n`);
}

const directory = join(root, ".package");
rmSync(directory, { recursive: true, force: true });
mkdirSync(directory);
await writeCommands(join(directory, "commands"));
await writeLibraries(directory);
writeManifest(directory);
for (const name of ["README.md", "LICENSE", "CHANGELOG.md"]) copyFileSync(join(root, name), join(directory, name));
execFileSync("npm", ["pack", "--pack-destination", directory], { cwd: directory, stdio: "inherit" });
