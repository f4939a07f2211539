/** Every text of the app is in every catalogue, and nothing else is. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { GERMAN, OF_THE_SERVER } from "./de";

const SOURCES = join(import.meta.dirname, "..");

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return files(path);
    return /(?<!\.test|\.gen)\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

/** The texts that a file gives to `t`, `plural` and `Said`. */
function textsIn(path: string): string[] {
  const source = ts.createSourceFile(
    path,
    readFileSync(path, "utf8"),
    ts.ScriptTarget.Latest,
    true,
  );
  const found: string[] = [];
  const literal = (node: ts.Node | undefined): string | null => {
    if (node && ts.isJsxExpression(node)) return literal(node.expression);
    return node && ts.isStringLiteralLike(node) ? node.text : null;
  };
  const put = (...parts: (string | null)[]) => {
    if (parts.every((one) => one !== null)) found.push(parts.join("|"));
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const name = node.expression.getText(source);
      const [first, second, third] = node.arguments;
      if (name === "t") put(literal(first));
      if (name === "plural") put(literal(second), literal(third));
    }
    if (ts.isJsxSelfClosingElement(node) && node.tagName.getText(source) === "Said") {
      for (const one of node.attributes.properties) {
        if (ts.isJsxAttribute(one) && one.name.getText(source) === "text") {
          put(literal(one.initializer));
        }
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const TEXTS = new Set(files(SOURCES).flatMap(textsIn));

test("every text is in German", () => {
  expect([...TEXTS].filter((text) => !(text in GERMAN))).toEqual([]);
});

test("nothing is translated that nobody reads", () => {
  const known = new Set([...TEXTS, ...Object.keys(OF_THE_SERVER)]);
  expect(Object.keys(GERMAN).filter((text) => !known.has(text))).toEqual([]);
});

test("a translation has the same places to fill", () => {
  const places = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();
  const wrong = Object.entries(GERMAN).filter(
    ([text, german]) => String(places(text)) !== String(places(german)),
  );
  expect(wrong).toEqual([]);
});
