// Turns one TypeScript file into an ES module for jest; types are checked by tsc, not here.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { transformSync, version } from "esbuild";

const ownSource = readFileSync(import.meta.filename);

export default {
  process: (source, path) =>
    transformSync(source, { loader: "ts", format: "esm", target: "node20", sourcemap: "inline", sourcefile: path }),
  getCacheKey: (source, path) =>
    createHash("sha256").update(version).update(ownSource).update(path).update("\0").update(source).digest("hex"),
};
