import { expect, test } from "vitest";
import { type Asset, lineageOf, mapOf, objectTyped } from "./assets.model";

const asset = (id: number, part: Partial<Asset>): Asset =>
  ({
    id,
    name: `a${id}`,
    uri: `s3://a${id}`,
    group: "",
    scheduled_dags: [],
    producing_tasks: [],
    consuming_tasks: [],
    aliases: [],
    watchers: [],
    ...part,
  }) as Asset;

const task = (dag_id: string) => ({ dag_id, task_id: "t", created_at: "", updated_at: "" });

const ASSETS = [
  asset(1, { producing_tasks: [task("make"), task("make")], scheduled_dags: [task("use")] }),
  asset(2, {
    producing_tasks: [task("use")],
    consuming_tasks: [task("read")],
    aliases: [{ id: 1, name: "reports", group: "" }],
  }),
  asset(3, { scheduled_dags: [task("other")], consuming_tasks: [task("other")] }),
];

test("DAGs lead to what they make, and assets to what they start", () => {
  const { drawing, places, reads } = mapOf(ASSETS);
  expect(drawing.lines.map((line) => line.id)).toEqual([
    "dag make→asset 1",
    "asset 1→dag use",
    "dag use→asset 2",
    "asset 2→dag read",
    "alias reports→asset 2",
    "asset 3→dag other",
  ]);
  expect([...reads]).toEqual(["asset 2→dag read"]);
  expect(places.get("alias reports")?.kind).toBe("alias");
});

test("a lineage is all before and all behind, and nothing beside", () => {
  const { drawing } = mapOf(ASSETS);
  expect([...lineageOf(drawing, "asset 1")].sort()).toEqual([
    "asset 1",
    "asset 2",
    "dag make",
    "dag read",
    "dag use",
  ]);
});

test("what is no JSON object is refused in words", () => {
  expect(objectTyped(' {"a": 1}')).toEqual({ a: 1 });
  expect(objectTyped("")).toEqual({});
  expect(() => objectTyped("[1]")).toThrow("must be a JSON object");
  expect(() => objectTyped("{")).toThrow("not JSON");
});
