/** Every text of the app is in every catalogue, and nothing else is. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { labelOf } from "../design/fields.model";
import { GERMAN, OF_THE_SERVER } from "./de";
import { FIELDS } from "./de.fields";

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
  const known = new Set([...TEXTS, ...Object.keys(OF_THE_SERVER), ...Object.keys(FIELDS)]);
  expect(Object.keys(GERMAN).filter((text) => !known.has(text))).toEqual([]);
});

/** What a file shows to people without asking for its translation. */
function untranslatedIn(path: string): string[] {
  const text = readFileSync(path, "utf8");
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const put = (said: string) => {
    if (/\p{L}{2}/u.test(said) && !SAME_EVERYWHERE.has(said.trim())) {
      found.push(`${path.slice(SOURCES.length + 1)}: ${said.trim()}`);
    }
  };
  /** The literals that an expression may come to. */
  const ends = (node: ts.Node | undefined): void => {
    if (!node) return;
    if (ts.isStringLiteralLike(node)) put(node.text);
    else if (ts.isTemplateExpression(node)) {
      put(
        [node.head, ...node.templateSpans.map((one) => one.literal)]
          .map((one) => one.text)
          .join(" "),
      );
      for (const one of node.templateSpans) ends(one.expression);
    } else if (ts.isConditionalExpression(node)) {
      ends(node.whenTrue);
      ends(node.whenFalse);
    } else if (ts.isBinaryExpression(node)) {
      if (node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken) ends(node.left);
      ends(node.right);
    } else if (ts.isParenthesizedExpression(node)) ends(node.expression);
  };
  const visit = (node: ts.Node): void => {
    const isCode =
      ts.isJsxElement(node) &&
      /^(Code|code|Kbd|style)$/.test(node.openingElement.tagName.getText(source));
    if (isCode) return;
    if (ts.isJsxText(node)) put(node.text);
    if (ts.isJsxExpression(node) && !ts.isJsxAttribute(node.parent)) ends(node.expression);
    if (ts.isJsxAttribute(node) && SHOWN.has(node.name.getText(source))) {
      ends(
        node.initializer && ts.isJsxExpression(node.initializer)
          ? node.initializer.expression
          : node.initializer,
      );
    }
    if (ts.isPropertyAssignment(node) && SHOWN.has(node.name.getText(source)))
      ends(node.initializer);
    // What is wrong with what somebody typed; a mistake of the app itself is for programmers.
    if (ts.isNewExpression(node) && node.expression.getText(source) === "Error") {
      if (!/(main|SessionGate)\.tsx$/.test(path)) ends(node.arguments?.[0]);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** The names under which texts are given to what shows them. */
const SHOWN = new Set([
  "aria-label",
  "alt",
  "description",
  "label",
  "message",
  "nothingFoundMessage",
  "placeholder",
  "title",
  "tooltip",
  "what",
]);
/** Names and units, which no language changes. */
const SAME_EVERYWHERE = new Set(["Slipstream", "ms", "min", "MB"]);

test("nothing is shown that is not asked for in the chosen language", () => {
  const found = files(SOURCES)
    .filter((path) => !path.endsWith("/de.ts"))
    .flatMap(untranslatedIn);
  expect(found).toEqual([]);
});

/** What pages show of the server's answers field by field, and which fields they do not. */
const SHOWN_WHOLE: Readonly<Record<string, string[]>> = {
  DAGDetailsResponse: ["doc_md", "file_token", "is_favorite", "latest_dag_version", "owner_links"],
  DAGRunResponse: ["dag_versions"],
  TaskInstanceResponse: ["rendered_fields", "dag_version"],
};
const NEVER = ["dag_id", "task_id", "id", "dag_display_name", "task_display_name"];

function fieldsOfTheServer(): string[] {
  const path = join(SOURCES, "api", "schema.gen.ts");
  const source = ts.createSourceFile(
    path,
    readFileSync(path, "utf8"),
    ts.ScriptTarget.Latest,
    true,
  );
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const left = ts.isPropertySignature(node) ? SHOWN_WHOLE[node.name.getText(source)] : undefined;
    if (left && ts.isPropertySignature(node) && node.type && ts.isTypeLiteralNode(node.type)) {
      const names = node.type.members.map((one) => one.name?.getText(source) ?? "");
      found.push(...names.filter((name) => !left.includes(name) && !NEVER.includes(name)));
      return;
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

test("fields that are shown as the server names them are in German", () => {
  const names = fieldsOfTheServer();
  expect(names.length).toBeGreaterThan(50);
  expect([...new Set(names.map(labelOf))].filter((label) => !(label in GERMAN))).toEqual([]);
});

test("a translation has the same places to fill", () => {
  const places = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();
  const wrong = Object.entries(GERMAN).filter(
    ([text, german]) => String(places(text)) !== String(places(german)),
  );
  expect(wrong).toEqual([]);
});
