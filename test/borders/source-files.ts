// The project's own files, as the border tests see them.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";

export const root = dirname(dirname(import.meta.dirname));
const ignored = new Set(["node_modules", ".git", ".package", ".sandbox", "cdktf.out"]);

/** Paths, relative to the root and with `/`, of all files below `folder`. */
export function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder))
    .filter((name) => !ignored.has(name))
    .flatMap((name) => {
      const path = folder === "" ? name : `${folder}/${name}`;
      return statSync(join(root, path)).isDirectory() ? filesBelow(path) : [path];
    });
}

export const sourceFolders = ["stacks", "scripts", "session-manager", "sandbox", "bench"];

/** The TypeScript sources, tests left out. */
export function sourceFiles(): string[] {
  return sourceFolders.flatMap(filesBelow).filter((path) => path.endsWith(".ts"));
}

export function textOf(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

export interface Import {
  /** A file of ours relative to the root, or the name of a package. */
  readonly target: string;
  readonly isOurs: boolean;
  readonly isTypeOnly: boolean;
}

/** What a file imports, statically, dynamically or by re-export. */
export function importsOf(path: string): Import[] {
  const source = ts.createSourceFile(path, textOf(path), ts.ScriptTarget.Latest, true);
  const found: Import[] = [];
  const add = (specifier: string, isTypeOnly: boolean): void => {
    const isOurs = specifier.startsWith(".");
    found.push({ target: isOurs ? normalize(join(dirname(path), specifier)) : specifier, isOurs, isTypeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      add(node.moduleSpecifier.text, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    } else if (
      ts.isExportDeclaration(node) &&
      node.moduleSpecifier !== undefined &&
      ts.isStringLiteral(node.moduleSpecifier)
    ) {
      add(node.moduleSpecifier.text, node.isTypeOnly);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [specifier] = node.arguments;
      if (specifier !== undefined && ts.isStringLiteral(specifier)) add(specifier.text, false);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
