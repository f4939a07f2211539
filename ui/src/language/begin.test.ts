/** Nothing that the app begins with asks for a text before the language is there. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";

const SOURCES = join(import.meta.dirname, "..");

function parsed(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
}

/** The files of ours that this one is loaded with. */
function loadedWith(source: ts.SourceFile): string[] {
  return source.statements.flatMap((one) => {
    if (!ts.isImportDeclaration(one) && !ts.isExportDeclaration(one)) return [];
    const from = one.moduleSpecifier;
    const isOfTypes = ts.isImportDeclaration(one) && one.importClause?.isTypeOnly;
    if (!from || !ts.isStringLiteral(from) || !from.text.startsWith(".") || isOfTypes) return [];
    const base = join(dirname(source.fileName), from.text);
    return [".ts", ".tsx"].map((end) => base + end).filter(existsSync);
  });
}

/** The calls of `t` and `plural` that are made while the file is loaded. */
function textsAtOnce(source: ts.SourceFile): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) return;
    if (ts.isCallExpression(node) && /^(t|plural)$/.test(node.expression.getText(source))) {
      found.push(`${source.fileName.slice(SOURCES.length)}: ${node.getText(source)}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function firstFiles(): ts.SourceFile[] {
  const known = new Map<string, ts.SourceFile>();
  const open = [join(SOURCES, "main.tsx")];
  for (let path = open.pop(); path; path = open.pop()) {
    if (known.has(path)) continue;
    const source = parsed(path);
    known.set(path, source);
    open.push(...loadedWith(source));
  }
  return [...known.values()];
}

test("the first files ask for no text while they are loaded", () => {
  const files = firstFiles();
  expect(files.length).toBeGreaterThan(20);
  expect(files.flatMap(textsAtOnce)).toEqual([]);
});

test("no file waits for something while it is loaded", () => {
  const waits = (node: ts.Node): boolean =>
    !ts.isFunctionLike(node) && (ts.isAwaitExpression(node) || !!ts.forEachChild(node, waits));
  expect(firstFiles().filter(waits)).toEqual([]);
});
