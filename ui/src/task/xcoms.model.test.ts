import { expect, test } from "vitest";
import { kindOf } from "./xcoms.model";

test.each([
  ["data:image/png;base64,AAAA", "image"],
  ["iVBORw0KGgoAAAA=", "image"],
  ["data:text/html;base64,AAAA", "text"],
  ["plain", "text"],
  [[{ a: 1, b: "x" }, { a: 2 }], "table"],
  [[{ a: { deep: 1 } }], "json"],
  [[], "json"],
  [{ a: 1 }, "json"],
  [null, "json"],
])("%j is shown as %s", (value, kind) => {
  expect(kindOf(value).is).toBe(kind);
});
