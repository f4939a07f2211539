import { expect, test } from "vitest";
import { sourceOf } from "./plugins.model";

test("an entry point is named by what it loads and its package", () => {
  const said =
    "tools==1.0: EntryPoint(name='tools', value='tools.plugin:Tools', group='airflow.plugins')";
  expect(sourceOf(said)).toBe("tools.plugin:Tools (tools==1.0)");
});

test("a file stays what it is", () => {
  expect(sourceOf("$PLUGINS_FOLDER/tools.py")).toBe("$PLUGINS_FOLDER/tools.py");
});
