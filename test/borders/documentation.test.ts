// What every file and every public name owes its reader.
import { describe, expect, it } from "@jest/globals";
import ts from "typescript";
import { sourceFiles, textOf } from "./source-files.ts";

/** The file without the two lines that make an entry point a program. */
function body(path: string): string {
  return textOf(path).replace(/^#!.*\n\/\/usr\/bin\/env.*\n/, "");
}

function parse(path: string): ts.SourceFile {
  return ts.createSourceFile(path, textOf(path), ts.ScriptTarget.Latest, true);
}

const hasDocumentation = (node: ts.Node): boolean => ts.getJSDocCommentsAndTags(node).length > 0;

function isExported(node: ts.Node): boolean {
  return (
    ts.canHaveModifiers(node) &&
    (ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false)
  );
}

function nameOf(node: ts.Statement): string {
  if (ts.isVariableStatement(node))
    return node.declarationList.declarations.map(({ name }) => name.getText()).join(", ");
  return (node as ts.DeclarationStatement).name?.getText() ?? "?";
}

describe("documentation", () => {
  it.each(sourceFiles())("%s opens with a sentence on what lives there", (path) => {
    expect(body(path)).toMatch(/^\/\/ \S.*[.:?)]|^\/\*\*?\s/);
  });

  it.each(sourceFiles().filter((path) => path.startsWith("session-manager/")))("%s documents each export", (path) => {
    const bare = parse(path)
      .statements.filter((node) => isExported(node) && !hasDocumentation(node))
      .map(nameOf);
    expect(bare).toEqual([]);
  });

  it.each(sourceFiles().filter((path) => path.startsWith("stacks/")))(
    "%s documents each prop, and its default where it is optional",
    (path) => {
      const bare = parse(path)
        .statements.filter(
          (node): node is ts.InterfaceDeclaration =>
            ts.isInterfaceDeclaration(node) && node.name.text.endsWith("Props"),
        )
        .flatMap((props) => props.members)
        .filter(
          (member) =>
            !hasDocumentation(member) ||
            (member.questionToken !== undefined && !member.getFullText().includes("@default")),
        )
        .map((member) => member.name?.getText());
      expect(bare).toEqual([]);
    },
  );
});
